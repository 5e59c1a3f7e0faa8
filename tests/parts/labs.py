"""Waiting for facts about a cluster, and real kubectl with a home of its own."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from kconsole.lab.cluster import Cluster


async def until(fact: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """The first true value of `fact` (which may be async); the test fails when it takes longer."""
    deadline = time.monotonic() + seconds
    while True:
        value = fact()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(0.02)


class Kubectl:
    """Runs kubectl against one kubeconfig."""

    def __init__(self, program: str, kubeconfig: Path, home: Path) -> None:
        self._program = program
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "KUBECACHEDIR": str(home / "cache"),
            "KUBECONFIG": str(kubeconfig),
        }

    async def __call__(self, *args: str, ok: bool = True) -> str:
        """What it printed, errors included; the test fails if it fails unless `ok` is False, then if it succeeds."""
        process = await asyncio.create_subprocess_exec(
            self._program,
            *args,
            env=self._environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        text = output.decode()
        assert (process.returncode == 0) is ok, f"kubectl {' '.join(args)}: {process.returncode}\n{text}"
        return text

    async def json(self, *args: str) -> Any:
        """What it printed with -o json."""
        return json.loads(await self(*args, "-o", "json"))


Start = Callable[..., Awaitable[Cluster]]
