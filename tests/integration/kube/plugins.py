"""Credential plugins for tests, and a clock that stands still until it is moved."""

from __future__ import annotations

import stat
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from scripted_api import Reply, Request, ScriptedApi

V1 = "client.authentication.k8s.io/v1"


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


async def version(_request: Request, reply: Reply) -> None:
    await reply.json(200, {"gitVersion": "v1.33.4"})


def shown(api: ScriptedApi) -> list[str | None]:
    return [request.header("Authorization") for request in api.requests]


def plugin(folder: Path, body: str, **more: Any) -> dict[str, Any]:
    """A plugin written in Python; every run of it leaves a line in runs."""
    file = folder / "plugin"
    head = f"#!{sys.executable}\nimport json, os, sys, time\nopen({str(folder / 'runs')!r}, 'a').write('x\\n')\n"
    file.write_text(head + body)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return {"exec": {"apiVersion": V1, "command": str(file), "interactiveMode": "IfAvailable", **more}}


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text().splitlines())


def gives(status: str, api_version: str = V1) -> str:
    return f"print(json.dumps({{'apiVersion': {api_version!r}, 'kind': 'ExecCredential', 'status': {status}}}))\n"


TOKEN = "dict(token='t%d' % len(open(os.path.dirname(sys.argv[0]) + '/runs').readlines()))"
