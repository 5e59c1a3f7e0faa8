"""Whether a server that has nothing to say is still there.

A quiet cluster and a frozen server look the same from a watch, until the next bookmark about a minute later. Asking now
and then tells them apart, so that an old picture is not called live for so long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from kconsole.errors import KconsoleError
from kconsole.kube.errors import Unreachable

EVERY = 10.0
"""Seconds of silence after which the server is asked."""
ANSWER = 5.0
"""Seconds in which it must answer."""


async def attend(content: aiohttp.StreamReader, ask: Callable[[], Awaitable[object]]) -> None:
    """End the stream with the Unreachable that asking raises, when nothing came for a while; until cancelled.

    Any answer will do, a refusal too: it shows that somebody is there.
    """
    seen = -1
    while True:
        await asyncio.sleep(EVERY)
        if content.total_bytes != seen:
            seen = content.total_bytes
            continue
        try:
            await ask()
        except Unreachable as lost:
            content.set_exception(lost)
            return
        except KconsoleError:
            continue
