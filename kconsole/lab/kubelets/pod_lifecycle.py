"""What kubelets do with the pods bound to their nodes: pull, start, watch over them, end those that are being deleted.

Containers are pretended; `pod_knobs` says how. One loop for all kubelets. Mirror pods are not touched; they belong to
`static_runtime`. A stopped kubelet does nothing; when it comes back, it catches up.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kconsole.lab.access import LISTED, Api, ApiAway, keep_doing
from kconsole.lab.agenda import Agenda
from kconsole.lab.apiserver.status import ApiError
from kconsole.lab.clock import LabClock
from kconsole.lab.kubelets.kubelet import Kubelet
from kconsole.lab.kubelets.pod_addresses import PodAddresses
from kconsole.lab.kubelets.pod_knobs import Knobs, knobs_of
from kconsole.lab.scope import gather_all
from kconsole.lab.seeds import pod_objects

Object = dict[str, Any]
Key = tuple[str, str]

MIRROR = "kubernetes.io/config.mirror"
_RETRY_SECONDS = 1.0
_ROUNDING = 1e-6
_CRASH_SECONDS = 3.0
_FIRST_BACKOFF, _LONGEST_BACKOFF = 10.0, 300.0


@dataclass
class _Life:
    """What a kubelet remembers of a pod."""

    uid: str
    step: str = "new"
    """`new`, `pulling`, `running`, `failed`, `waiting` (to be started again), `ending`, `ended`."""
    ready: bool = False
    restarts: int = 0
    backoff: float = 0.0
    since: float = 0.0
    """When the step began, by the lab's clock."""
    ends: float = 0.0
    """When an ending pod's containers have ended."""
    killed: bool = False
    """Whether they then do so only because their grace is over."""


class PodLifecycle:
    """The pods of all `kubelets`."""

    def __init__(
        self,
        kubelets: Mapping[str, Kubelet],
        api: Api,
        clock: LabClock,
        *,
        addresses: PodAddresses,
        seed: int,
        minor: int,
    ) -> None:
        self._kubelets = kubelets
        self._api = api
        self._clock = clock
        self._addresses = addresses
        self._chance = random.Random(seed)  # noqa: S311 - how long a pretended container takes
        self._created = "Created container:" if minor >= 32 else "Created container"
        self._lives: dict[Key, _Life] = {}
        self._pulled: set[tuple[str, str]] = set()
        self._agenda: Agenda[Key] = Agenda(clock)

    async def run(self) -> None:
        """Until cancelled."""
        await keep_doing(lambda: gather_all(self._follow(), self._work()), self._api, self._clock)

    async def _follow(self) -> None:
        async for kind, obj in self._api.follow("pods"):
            if kind == LISTED:
                present = {_key(pod): pod["metadata"]["uid"] for pod in obj["items"]}
                for key in [key for key, life in self._lives.items() if present.get(key) != life.uid]:
                    del self._lives[key]
            for pod in obj["items"] if kind == LISTED else (obj,):
                self._see(pod, gone=kind == "DELETED")
                if kind == LISTED and _key(pod) in self._lives:
                    self._agenda.note(_key(pod))  # what was under way when the API went must not be forgotten

    def _see(self, pod: Object, *, gone: bool) -> None:
        key, metadata = _key(pod), pod["metadata"]
        if gone:
            self._addresses.free((pod.get("status") or {}).get("podIP", ""))
            if key in self._lives and self._lives[key].uid == metadata["uid"]:
                del self._lives[key]
                self._agenda.drop(key)
            return
        node = pod["spec"].get("nodeName")
        if node not in self._kubelets or MIRROR in (metadata.get("annotations") or {}):
            return
        life = self._lives.get(key)
        if life is None or life.uid != metadata["uid"]:
            life = self._lives[key] = self._first_seen(pod)
            self._agenda.note(key)
        elif "deletionTimestamp" in metadata or _differs(pod, life):
            self._agenda.note(key)

    def _first_seen(self, pod: Object) -> _Life:
        """A pod that is new, or one that ran already when this began."""
        life, status = _Life(pod["metadata"]["uid"], since=self._clock.elapsed()), pod.get("status") or {}
        if status.get("phase") == "Pending":
            return life
        containers = status.get("containerStatuses") or ()
        life.restarts = max((one.get("restartCount", 0) for one in containers), default=0)
        life.ready = _is_ready(pod)
        life.step = "running" if status.get("phase") == "Running" else "ended"
        if any("waiting" in (one.get("state") or {}) for one in containers):
            life.step, life.backoff = "waiting", _LONGEST_BACKOFF
        return life

    async def _work(self) -> None:
        while True:
            key = await self._agenda.next()
            pod, life = self._api.find("pods", *key), self._lives.get(key)
            if pod is None or life is None or pod["metadata"]["uid"] != life.uid:
                continue
            kubelet = self._kubelets[pod["spec"]["nodeName"]]
            if not kubelet.alive:
                self._agenda.note(key, _RETRY_SECONDS)
                continue
            try:
                await self._act(key, pod, life, kubelet)
            except (ApiAway, ApiError):
                self._agenda.note(key, _RETRY_SECONDS)

    async def _act(self, key: Key, pod: Object, life: _Life, kubelet: Kubelet) -> None:
        """The next step of one pod."""
        if "deletionTimestamp" in pod["metadata"]:
            await self._end(key, pod, life, kubelet)
            return
        knobs = knobs_of(pod)
        elapsed = self._clock.elapsed() - life.since + _ROUNDING
        if life.step == "new":
            await self._pull(key, pod, life, kubelet)
        elif life.step == "pulling":
            if elapsed >= life.backoff:
                await self._start(key, pod, life, kubelet, knobs)
            else:
                self._agenda.note(key, life.backoff - elapsed)
        elif life.step == "waiting":
            if elapsed >= life.backoff or knobs.state != "crash":
                life.restarts += 1
                await self._start(key, pod, life, kubelet, knobs)
            else:
                self._agenda.note(key, life.backoff - elapsed)
        elif life.step == "failed":
            await self._back_off(key, pod, life, kubelet)
        elif life.step == "running":
            await self._watch(key, pod, life, kubelet, knobs, elapsed)

    async def _pull(self, key: Key, pod: Object, life: _Life, kubelet: Kubelet) -> None:
        await self._post(pod, pod_objects.creating(pod, host_ip=kubelet.machine.internal_ip, now=self._clock.now()))
        images = [container["image"] for container in pod["spec"]["containers"]]
        fresh = [image for image in images if not self._has(kubelet, image)]
        for image in fresh:
            await self._tell(pod, "Pulling", f'Pulling image "{image}"')
        self._step(life, "pulling")
        life.backoff = self._chance.uniform(0.8, 1.6) if fresh else self._chance.uniform(0.3, 0.8)
        self._agenda.move(key, life.backoff)

    def _has(self, kubelet: Kubelet, image: str) -> bool:
        return kubelet.has_image(image) or (kubelet.name, image) in self._pulled

    async def _start(self, key: Key, pod: Object, life: _Life, kubelet: Kubelet, knobs: Knobs) -> None:
        for container in pod["spec"]["containers"]:
            name, image = container["name"], container["image"]
            if self._has(kubelet, image):
                await self._tell(pod, "Pulled", f'Container image "{image}" already present on machine')
            else:
                took = f"{round(life.backoff * 1000)}ms"
                size = pod_objects.Image(image).size
                told = f'Successfully pulled image "{image}" in {took} ({took} including waiting).'
                told += f" Image size: {size} bytes."
                await self._tell(pod, "Pulled", told)
                self._pulled.add((kubelet.name, image))
            await self._tell(pod, "Created", f"{self._created} {name}")
            await self._tell(pod, "Started", f"Started container {name}")
        self._step(life, "running")
        life.ready = knobs.state not in ("unready", "crash") and knobs.ready_after <= 0
        await self._post_running(pod, life, kubelet)
        self._look_again(key, knobs, life)

    def _look_again(self, key: Key, knobs: Knobs, life: _Life) -> None:
        """Note when something happens to a running pod by itself."""
        elapsed = self._clock.elapsed() - life.since
        moments = [_CRASH_SECONDS] if knobs.state == "crash" else []
        if knobs.complete_after is not None:
            moments.append(knobs.complete_after)
        if not life.ready and knobs.state == "":
            moments.append(knobs.ready_after)
        if moments:
            self._agenda.note(key, max(0.0, min(moments) - elapsed))

    async def _watch(self, key: Key, pod: Object, life: _Life, kubelet: Kubelet, knobs: Knobs, elapsed: float) -> None:
        """A running pod: fails, completes, becomes ready or unready."""
        if knobs.complete_after is not None and elapsed >= knobs.complete_after and knobs.state != "crash":
            await self._complete(key, pod, life, kubelet, knobs)
            return
        if knobs.state == "crash" and (elapsed >= _CRASH_SECONDS or life.ready):
            await self._fail(key, pod, life, kubelet)
            return
        life.ready = knobs.state in ("", "hang") and (life.ready or elapsed >= knobs.ready_after)
        if life.ready != _is_ready(pod):
            if knobs.state == "unready":
                told = "Readiness probe failed: HTTP probe failed with statuscode: 503"
                await self._tell(pod, "Unhealthy", told, warning=True)
            await self._post_running(pod, life, kubelet)
        self._look_again(key, knobs, life)

    async def _complete(self, key: Key, pod: Object, life: _Life, kubelet: Kubelet, knobs: Knobs) -> None:
        policy = pod["spec"].get("restartPolicy", "Always")
        if policy == "Always" or (policy == "OnFailure" and knobs.exit_code):
            await self._fail(key, pod, life, kubelet, code=knobs.exit_code)
            return
        self._step(life, "ended")
        life.ready = False
        await self._post(pod, self._ended(pod, life, kubelet, knobs.exit_code))

    async def _fail(self, key: Key, pod: Object, life: _Life, kubelet: Kubelet, code: int = 1) -> None:
        """The containers ended and are to be started again."""
        life.ready = False
        self._step(life, "failed")
        status = self._ended(pod, life, kubelet, code)
        await self._post(pod, status | {"phase": "Running"})
        self._agenda.note(key, 1.0)

    async def _back_off(self, key: Key, pod: Object, life: _Life, kubelet: Kubelet) -> None:
        life.backoff = min(life.backoff * 2, _LONGEST_BACKOFF) if life.backoff >= _FIRST_BACKOFF else _FIRST_BACKOFF
        self._step(life, "waiting")
        host, own = kubelet.machine.internal_ip, self._address(pod, kubelet)
        status = pod_objects.crash_looping(
            pod, host_ip=host, pod_ip=own, now=self._clock.now(), restarts=life.restarts, backoff=life.backoff
        )
        await self._post(pod, status)
        metadata, name = pod["metadata"], pod["spec"]["containers"][0]["name"]
        whose = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        await self._tell(pod, "BackOff", f"Back-off restarting failed container {name} in pod {whose}", warning=True)
        self._agenda.note(key, life.backoff)

    async def _end(self, key: Key, pod: Object, life: _Life, kubelet: Kubelet) -> None:
        """End the containers within the grace; then the pod is gone, unless a finalizer holds it."""
        metadata, now = pod["metadata"], self._clock.elapsed()
        grace = float(metadata.get("deletionGracePeriodSeconds") or 0)
        if life.step == "ended":
            if not (metadata.get("finalizers") and not grace):
                await self._delete(pod)
            return
        knobs = knobs_of(pod)
        if knobs.state == "hang":
            return
        if life.step != "ending":
            runs = life.step in ("running", "failed", "waiting")
            self._step(life, "ending")
            own = knobs.terminate_after
            wanted = self._chance.uniform(0.5, 2.0) if own is None else own
            life.killed = own is not None and own > grace
            life.ends = now + (min(wanted, grace) if runs else 0.0)
            for container in pod["spec"]["containers"] if runs else ():
                await self._tell(pod, "Killing", f"Stopping container {container['name']}")
        if now + grace < life.ends:  # somebody lost patience
            life.ends, life.killed = now + grace, True
        if now + _ROUNDING < life.ends:
            self._agenda.note(key, life.ends - now)
            return
        life.ready = False
        await self._post(pod, self._ended(pod, life, kubelet, 137 if life.killed else 0))
        self._step(life, "ended")
        await self._delete(pod)

    async def _delete(self, pod: Object) -> None:
        namespace, name = _key(pod)
        await self._api.delete("pods", namespace, name, grace_seconds=0, uid=pod["metadata"]["uid"])

    def _step(self, life: _Life, step: str) -> None:
        life.step, life.since = step, self._clock.elapsed()

    def _address(self, pod: Object, kubelet: Kubelet) -> str:
        if pod["spec"].get("hostNetwork"):
            return kubelet.machine.internal_ip
        return (pod.get("status") or {}).get("podIP") or self._addresses.next(kubelet.machine.pod_cidr)

    async def _post_running(self, pod: Object, life: _Life, kubelet: Kubelet) -> None:
        build = pod_objects.running if life.ready else pod_objects.not_ready
        host, own = kubelet.machine.internal_ip, self._address(pod, kubelet)
        await self._post(pod, build(pod, host_ip=host, pod_ip=own, now=self._clock.now(), restarts=life.restarts))

    def _ended(self, pod: Object, life: _Life, kubelet: Kubelet, code: int) -> Object:
        host, own = kubelet.machine.internal_ip, self._address(pod, kubelet)
        return pod_objects.ended(
            pod, host_ip=host, pod_ip=own, now=self._clock.now(), restarts=life.restarts, code=code
        )

    async def _post(self, pod: Object, status: Object) -> None:
        uid = pod["metadata"]["uid"]

        def post(present: Object) -> Object | None:
            if present["metadata"]["uid"] != uid:
                return None
            return present | {"status": pod_objects.carried_over(present.get("status") or {}, status)}

        await self._api.change("pods", *_key(pod), post, subresource="status")

    async def _tell(self, pod: Object, reason: str, message: str, *, warning: bool = False) -> None:
        await self._api.event(pod, reason, message, source="kubelet", host=pod["spec"]["nodeName"], warning=warning)


def _key(pod: Object) -> Key:
    return pod["metadata"]["namespace"], pod["metadata"]["name"]


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _differs(pod: Object, life: _Life) -> bool:
    """Whether a running pod is wanted otherwise than it is, or shown otherwise than it is."""
    state = knobs_of(pod).state
    if life.step == "waiting":
        return state != "crash"
    if life.step != "running":
        return False
    return state == "crash" or (state == "unready") == life.ready or life.ready != _is_ready(pod)
