"""Running kconsole's command line as a person or a script does: as a process, with a home of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Kconsole:
    """`await kconsole("nodes", "-o", "json")` against the cluster of `kubeconfig`."""

    kubeconfig: Path
    home: Path

    def environ(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "KUBE", "LC_", "LANG"))}
        return {**kept, "HOME": str(self.home), "KUBECONFIG": str(self.kubeconfig), "LANG": "C.UTF-8"}

    @property
    def journals(self) -> list[Path]:
        return sorted((self.home / ".local/state/kconsole/operations").glob("*.jsonl"))

    def configure(self, text: str) -> None:
        path = self.home / ".config/kconsole/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    async def __call__(self, *words: str, **more: str) -> Ended:
        process = await self.start(*words, **more)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    async def start(self, *words: str, **more: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kconsole",
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**self.environ(), **more},
        )
