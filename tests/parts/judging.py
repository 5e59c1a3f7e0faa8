"""A cluster under judgement, built in or real, and real kubectl as the one who asks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from kconsole.lab.cluster import Cluster

Object = dict[str, Any]
REAL = os.environ.get("KCONSOLE_CONFORMANCE_KUBECONFIG", "")
"""The kubeconfig of a real cluster to judge instead of the built-in one."""
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


def only(namespace: str, *apps: str) -> str:
    """The option that makes a drain touch these pods of a namespace and nothing else on the node."""
    return f"--pod-selector=of={namespace},app in ({','.join(apps)})"


class Asked(NamedTuple):
    """One request that kubectl made."""

    verb: str
    resource: str
    subresource: str
    name: str
    code: int
    path: str
    """With its query, decoded."""


@dataclass(frozen=True)
class Ran:
    """How a kubectl ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def rows(self) -> list[list[str]]:
        """The lines it printed, in words."""
        return [line.split() for line in self.out.splitlines()]

    @property
    def names(self) -> list[str]:
        """The first words of a table's lines, without its header."""
        return [row[0] for row in self.rows[1:]]


@dataclass
class Judged:
    """The cluster, and kubectl with a home of its own."""

    program: str
    kubeconfig: Path
    home: Path
    lab: Cluster | None = None
    """None for a real cluster."""
    audit: Path | None = None
    """The audit log of a real cluster, if there is one to read."""
    server_minor: int = 0
    minor: int = 0
    """Of the client."""
    workers: list[str] = field(default_factory=list)
    _audited: int = 0

    async def look(self) -> None:
        """Learn the versions and the workers."""
        found = json.loads((await self.kubectl("version", "-o", "json")).out)
        self.server_minor = int(found["serverVersion"]["minor"].rstrip("+"))
        self.minor = int(found["clientVersion"]["minor"].rstrip("+"))
        nodes = await self.json("get", "nodes")
        names = [node["metadata"]["name"] for node in nodes if CONTROL_PLANE not in node["metadata"]["labels"]]
        self.workers = sorted(names)

    def begin(self) -> None:
        """From here on the requests are counted."""
        if self.lab is not None:
            self.lab.running.journal.clear()
        elif self.audit is not None:
            self._audited = self.audit.stat().st_size

    @property
    def knows_requests(self) -> bool:
        """Whether there is a record of what was asked."""
        return self.lab is not None or self.audit is not None

    def requests(self, *, verb: str = "", resource: str = "", subresource: str | None = None) -> list[Asked]:
        """What kubectl asked for since `begin`, narrowed."""
        return [
            asked
            for asked in self._asked()
            if verb in ("", asked.verb)
            and resource in ("", asked.resource)
            and subresource in (None, asked.subresource)
        ]

    def _asked(self) -> list[Asked]:
        if self.lab is not None:
            return [
                Asked(r.verb, r.resource, r.subresource, r.name, r.code, unquote(f"{r.path}?{r.query}"))
                for r in self.lab.running.journal.records()
                if r.agent.startswith("kubectl")
            ]
        assert self.audit is not None
        with self.audit.open("rb") as file:
            file.seek(self._audited)
            events = [json.loads(line) for line in file if line.endswith(b"\n")]
        last = {event["auditID"]: event for event in events}  # a watch is told when it begins and when it ends
        return [_audited(event) for event in last.values() if event.get("userAgent", "").startswith("kubectl")]

    def environ(self) -> dict[str, str]:
        home = str(self.home)
        return {"PATH": os.environ["PATH"], "HOME": home, "KUBECACHEDIR": f"{home}/cache"}

    async def start(
        self, *words: str, namespace: str = "", user: str = "", more: dict[str, str] | None = None
    ) -> asyncio.subprocess.Process:
        """Start kubectl as `user` (the administrator if not said)."""
        context = [f"--context={self._context(user)}"] if user else []
        where = [f"--namespace={namespace}"] if namespace else []
        pipe = asyncio.subprocess.PIPE
        environment = {**self.environ(), "KUBECONFIG": str(self.kubeconfig), **(more or {})}
        return await asyncio.create_subprocess_exec(
            self.program, *context, *where, *words, env=environment, stdin=pipe, stdout=pipe, stderr=pipe
        )

    def _context(self, user: str) -> str:
        assert self.lab is not None, "a real cluster has no lab users"
        name = self.lab.folder.name
        return name if user == "admin" else f"{name}-{user}"

    async def kubectl(
        self,
        *words: str,
        stdin: Any = None,
        namespace: str = "",
        user: str = "",
        seconds: float = 60.0,
        more: dict[str, str] | None = None,
    ) -> Ran:
        """Run kubectl to its end, which must come within `seconds`, and never with a panic."""
        process = await self.start(*words, namespace=namespace, user=user, more=more)
        given = None if stdin is None else stdin.encode() if isinstance(stdin, str) else json.dumps(stdin).encode()
        try:
            out, err = await asyncio.wait_for(process.communicate(given), seconds)
        except asyncio.TimeoutError:
            process.kill()
            out, err = await process.communicate()
            raise AssertionError(f"kubectl {' '.join(words)} hangs\n{out.decode()}\n{err.decode()}") from None
        assert process.returncode is not None
        ran = Ran(process.returncode, out.decode(), err.decode())
        assert "panic:" not in ran.err, ran.err
        return ran

    async def ok(self, *words: str, **more: Any) -> Ran:
        """Run kubectl; it must succeed."""
        ran = await self.kubectl(*words, **more)
        assert ran.code == 0, f"kubectl {' '.join(words)}: {ran.code}\n{ran.text}"
        return ran

    async def fails(self, *words: str, **more: Any) -> Ran:
        """Run kubectl; it must fail, with words."""
        ran = await self.kubectl(*words, **more)
        assert ran.code != 0, f"kubectl {' '.join(words)} succeeded\n{ran.text}"
        assert ran.err.strip()
        return ran

    async def json(self, *words: str, namespace: str = "") -> Any:
        """The object, or the objects of the list, that kubectl prints."""
        found = json.loads((await self.ok(*words, "-o", "json", namespace=namespace)).out)
        return found["items"] if found["kind"].endswith("List") else found

    async def create(self, *objects: Object, namespace: str) -> None:
        """Create objects, their pods labelled for `only`."""
        for made in objects:
            pods = made if made["kind"] == "Pod" else made.get("spec", {}).get("template", {})
            pods.setdefault("metadata", {}).setdefault("labels", {})["of"] = namespace
        bundle = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        await self.ok("create", "--validate=false", "-f", "-", stdin=bundle, namespace=namespace)

    async def ready(self, *what: str, namespace: str) -> None:
        """Wait until these pods (`-l app=web`, `pod/x`) are Ready."""
        wanted = what if any(word.startswith(("-", "pod/")) for word in what) else tuple(f"pod/{w}" for w in what)
        kind = () if any(word.startswith("pod/") for word in wanted) else ("pod",)
        await self.ok("wait", "--for=condition=Ready", *kind, *wanted, "--timeout=40s", namespace=namespace)

    async def rolled_out(self, what: str, namespace: str) -> None:
        """Wait until a workload's pods are there and Ready."""
        await self.ok("rollout", "status", what, "--timeout=40s", namespace=namespace)

    @contextlib.asynccontextmanager
    async def running(self, *words: str, namespace: str = "") -> AsyncIterator[Lines]:
        """A kubectl that goes on by itself; ended afterwards if it has not."""
        process = await self.start(*words, namespace=namespace)
        try:
            yield Lines(process)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.communicate()


@dataclass(frozen=True)
class Lines:
    """What a kubectl prints while it runs."""

    process: asyncio.subprocess.Process

    async def next(self, seconds: float = 30.0) -> list[str]:
        """The next line, in words; none at the end."""
        assert self.process.stdout is not None
        return (await asyncio.wait_for(self.process.stdout.readline(), seconds)).decode().split()

    async def until(self, *words: str) -> list[str]:
        """The next line that has all these words."""
        while True:
            line = await self.next()
            assert line, f"it ended before a line had {words}"
            if set(words) <= set(line):
                return line


def _audited(event: Object) -> Asked:
    about = event.get("objectRef") or {}
    code = (event.get("responseStatus") or {}).get("code", 0)
    return Asked(
        event["verb"],
        about.get("resource", ""),
        about.get("subresource", ""),
        about.get("name", ""),
        code,
        unquote(event["requestURI"]),
    )
