"""Kubeconfigs that lead to a test's API server, and waiting for a fact."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kconsole.kube.session import Session


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


class Kubeconfig:
    """A kubeconfig file whose one context leads to the API server."""

    def __init__(self, path: Path, cluster: dict[str, Any]) -> None:
        self.path, self.cluster, self.user, self.context = path, cluster, {"token": "secret"}, {}
        self.write()

    def write(
        self,
        *,
        user: dict[str, Any] | None = None,
        cluster: dict[str, Any] | None = None,
        context: dict[str, Any] | None = None,
    ) -> str:
        self.user = self.user if user is None else user
        self.cluster = {**self.cluster, **(cluster or {})}
        content = {
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", **(context or {})}}],
            "clusters": [{"name": "c", "cluster": self.cluster}],
            "users": [{"name": "u", "user": self.user}],
        }
        self.path.write_text(json.dumps(content))
        return str(self.path)

    async def open(self, **options: Any) -> Session:
        return await Session.open(str(self.path), **options)


async def until(holds: Callable[[], object], seconds: float = 20) -> None:
    """Wait for a fact; a deadline only so that a failure ends."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.005)
