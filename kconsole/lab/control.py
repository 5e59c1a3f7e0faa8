"""The control port of a running lab: what `kconsole lab reset|fault|clock|…` and drills talk to.

Plain HTTP on loopback, JSON both ways, a token in every request. Turns requests into calls on the cluster and nothing
more; errors come back as {"error": sentence, "code": exit code}.

    GET  /status    POST /reset     POST /stop
    GET  /faults    POST /faults    {"words": ["kubelet", "w1", "stop"]}
    GET  /clock     POST /clock     {"speed": 60} or {"step": 30}
    POST /churn     {"rate": 500}
    GET  /journal?verb=&resource=&name=
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from kconsole.errors import KconsoleError, UsageError
from kconsole.lab import cluster_faults
from kconsole.lab.access import ApiAway

if TYPE_CHECKING:
    from kconsole.lab.cluster import Cluster

Answer = dict[str, Any]


class Control:
    """The control port of `cluster`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.token = secrets.token_urlsafe(24)
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Listen on a free loopback port."""
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/status", self._status),
                web.post("/reset", self._reset),
                web.post("/stop", self._stop),
                web.get("/faults", self._faults),
                web.post("/faults", self._fault),
                web.get("/clock", self._clock),
                web.post("/clock", self._set_clock),
                web.post("/churn", self._churn),
                web.get("/journal", self._journal),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Only who knows the token is answered; whatever a person could have caused is a sentence."""
        given = request.headers.get("Authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            return web.json_response({"error": "wrong token", "code": 1}, status=401)
        try:
            return await handler(request)
        except (UsageError, ValueError, KeyError, TypeError) as error:
            return web.json_response({"error": str(error), "code": UsageError.exit_code}, status=400)
        except (KconsoleError, ApiAway) as error:
            return web.json_response({"error": str(error), "code": KconsoleError.exit_code}, status=503)

    async def _status(self, request: web.Request) -> web.Response:
        cluster = self._cluster
        running = cluster.running
        status: Answer = {key: value for key, value in cluster.state.items() if key != "token"}
        status |= {
            "apiservers": sorted(running.control_plane.listeners),
            "etcd_members": {name: member.pid for name, member in sorted(running.control_plane.members.items())},
            "faults": cluster_faults.standing(running),
            "speed": running.clock.speed,
            "revision": running.store.revision,
            "requests": running.journal.total,
            "cpu_seconds": time.process_time(),
            "changes": running.churn.changes,
        }
        return web.json_response(status)

    async def _reset(self, request: web.Request) -> web.Response:
        await self._cluster.reset()
        return web.json_response({})

    async def _stop(self, request: web.Request) -> web.Response:
        self._cluster.stop_asked.set()
        return web.json_response({})

    async def _faults(self, request: web.Request) -> web.Response:
        return web.json_response({"faults": cluster_faults.standing(self._cluster.running)})

    async def _fault(self, request: web.Request) -> web.Response:
        words = (await request.json())["words"]
        await cluster_faults.apply(self._cluster.running, [str(word) for word in words])
        return await self._faults(request)

    async def _clock(self, request: web.Request) -> web.Response:
        clock = self._cluster.running.clock
        return web.json_response({"now": clock.now().isoformat(), "speed": clock.speed, "elapsed": clock.elapsed()})

    async def _set_clock(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        clock = self._cluster.running.clock
        if "speed" in wanted:
            clock.set_speed(float(wanted["speed"]))
        if "step" in wanted:
            await clock.step(float(wanted["step"]))
        return await self._clock(request)

    async def _churn(self, request: web.Request) -> web.Response:
        rate = float((await request.json())["rate"])
        await self._cluster.running.set_churn(rate)
        return web.json_response({"rate": rate})

    async def _journal(self, request: web.Request) -> web.Response:
        narrowed = {key: request.query.get(key, "") for key in ("verb", "resource", "name")}
        records = self._cluster.running.journal.records(**narrowed)
        return web.Response(body=msgspec.json.encode({"records": records}), content_type="application/json")
