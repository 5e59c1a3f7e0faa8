"""Deployments: ReplicaSets that follow each other, as fast as surge and availability allow, each with its revision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kconsole.lab.access import Api
from kconsole.lab.clock import LabClock
from kconsole.lab.controllers import pods, rollout
from kconsole.lab.controllers.deployment_status import REVISION, SOURCE, moved, progress, revision_of, status_of
from kconsole.lab.controllers.loop import Controller, Key, key_of, owner_key
from kconsole.lab.controllers.replicasets import wanted_of
from kconsole.lab.indexes import by_controller
from kconsole.lab.seeds.pod_objects import owner_reference

Object = dict[str, Any]

_DESIRED, _MOST = "deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas"
_NOT_COPIED = ("kubectl.kubernetes.io/last-applied-configuration", REVISION, _DESIRED, _MOST)


class Deployments(Controller):
    """The deployment controller."""

    follows = ("deployments", "replicasets", "pods")

    def __init__(self, api: Api, clock: LabClock) -> None:
        super().__init__(api, clock)
        self._sets = api.index("replicasets", by_controller)
        self._pods = api.index("pods", by_controller)
        self._moved: dict[str, float] = {}

    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """Itself, the owner of a ReplicaSet; a pod only when it is gone (Recreate waits for that)."""
        if resource == "deployments":
            yield key_of(obj)
        elif resource == "replicasets":
            yield from owner_key(obj, "Deployment")
        elif kind == "DELETED":
            for name in owner_key(obj, "ReplicaSet"):
                for one in self.api.list("replicasets", name[0], fields=f"metadata.name={name[1]}"):
                    yield from owner_key(one, "Deployment")

    async def sync(self, key: Key) -> None:
        """One step of what the deployment asks for."""
        deployment = await self.api.get("deployments", *key)
        if deployment is None:
            return
        sets = self._sets_of(deployment)
        new = newest(deployment, sets)
        if not pods.is_terminating(deployment):
            if deployment["spec"].get("paused") or self._was_scaled(deployment, sets):
                await self._scale_all(deployment, new, sets)
            else:
                new = await self._with_new_set(deployment, new, sets)
                old = [one for one in self._sets_of(deployment) if new is None or key_of(one) != key_of(new)]
                if new is not None:
                    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
                        await self._recreate(deployment, new, old)
                    else:
                        await self._roll(deployment, new, old)
                    await self._forget(deployment, old)
        await self._post(key)

    def _sets_of(self, deployment: Object) -> list[Object]:
        found = self._sets.of(deployment["metadata"]["uid"])
        return sorted(found, key=lambda one: (one["metadata"]["creationTimestamp"], revision_of(one)))

    # The new ReplicaSet

    async def _with_new_set(self, deployment: Object, new: Object | None, sets: Sequence[Object]) -> Object | None:
        """The ReplicaSet of the present template, bearing the highest revision; made when there is none."""
        others = [one for one in sets if new is None or key_of(one) != key_of(new)]
        revision = max((revision_of(one) for one in others), default=0) + 1
        if new is not None:
            revision = max(revision, revision_of(new))
            annotations = self._annotations(deployment, revision)
            if not annotations.items() <= (new["metadata"].get("annotations") or {}).items():
                new = await self._change_set(new, annotations=annotations)
        else:
            new = await self._make_set(deployment, revision, sum(wanted_of(one) for one in others))
        if new is not None:
            await self._mark(deployment, str(revision_of(new)))
        return new

    async def _make_set(self, deployment: Object, revision: int, present: int) -> Object | None:
        spec, metadata = deployment["spec"], deployment["metadata"]
        collisions = (deployment.get("status") or {}).get("collisionCount") or 0
        template = spec["template"]
        hashed = pods.hash_of({**template, "collision": collisions} if collisions else template)
        labels = {**(template["metadata"].get("labels") or {}), pods.HASH: hashed}
        selector = spec.get("selector") or {}
        first = wanted_of(deployment)
        if (spec.get("strategy") or {}).get("type") != "Recreate":
            first = rollout.grown(first, 0, present, self._limits(deployment)[0])
        elif present:
            first = 0
        body = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{metadata['name']}-{hashed}",
                "namespace": metadata["namespace"],
                "labels": dict(labels),
                "annotations": self._annotations(deployment, revision),
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": {
                "replicas": first,
                "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), pods.HASH: hashed}},
                "template": {**template, "metadata": {**template["metadata"], "labels": dict(labels)}},
                **({"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}),
            },
            "status": {"replicas": 0},
        }
        made = await self.api.create("replicasets", body)
        if made is None:
            await self.api.change(
                "deployments",
                *key_of(deployment),
                lambda one: one | {"status": (one.get("status") or {}) | {"collisionCount": collisions + 1}},
                subresource="status",
            )
        elif first:
            await self._tell_scaled(deployment, made, 0, first)
        return made

    def _annotations(self, deployment: Object, revision: int) -> dict[str, str]:
        wanted = wanted_of(deployment)
        surge = self._limits(deployment)[0]
        own = deployment["metadata"].get("annotations") or {}
        copied = {key: value for key, value in own.items() if key not in _NOT_COPIED}
        return copied | {REVISION: str(revision), _DESIRED: str(wanted), _MOST: str(wanted + surge)}

    async def _mark(self, deployment: Object, revision: str) -> None:
        """Note the revision on the deployment itself, where kubectl reads it."""

        def mark(one: Object) -> Object:
            one["metadata"].setdefault("annotations", {})[REVISION] = revision
            return one

        if (deployment["metadata"].get("annotations") or {}).get(REVISION) != revision:
            await self.api.change("deployments", *key_of(deployment), mark)

    # Scaling

    def _limits(self, deployment: Object) -> tuple[int, int]:
        strategy = deployment["spec"].get("strategy") or {}
        if strategy.get("type") == "Recreate":
            return 0, 0
        rolling = strategy.get("rollingUpdate") or {}
        return rollout.limits(rolling.get("maxSurge"), rolling.get("maxUnavailable"), wanted_of(deployment))

    def _was_scaled(self, deployment: Object, sets: Sequence[Object]) -> bool:
        """Whether somebody changed the deployment's replicas since its ReplicaSets were last told."""
        told = [(one["metadata"].get("annotations") or {}).get(_DESIRED) for one in sets if wanted_of(one) > 0]
        return any(one is not None and one != str(wanted_of(deployment)) for one in told)

    async def _scale_all(self, deployment: Object, new: Object | None, sets: Sequence[Object]) -> None:
        """Scale without rolling: the only one, or each in proportion while a rolling update is under way."""
        wanted = wanted_of(deployment)
        active = [one for one in sets if wanted_of(one) > 0]
        if len(active) <= 1 or wanted == 0:
            only = active[0] if active else new
            for one in sets if wanted == 0 else [only] if only is not None else []:
                await self._scale(deployment, one, wanted)
            return
        room = wanted + self._limits(deployment)[0] if wanted else 0
        sizes = rollout.in_proportion([wanted_of(one) for one in active], room)
        for one, size in zip(active, sizes, strict=True):
            await self._scale(deployment, one, size)

    async def _roll(self, deployment: Object, new: Object, old: Sequence[Object]) -> None:
        wanted = wanted_of(deployment)
        surge, unavailable = self._limits(deployment)
        total = wanted_of(new) + sum(wanted_of(one) for one in old)
        size = rollout.grown(wanted, wanted_of(new), total, surge)
        if size != wanted_of(new):
            await self._scale(deployment, new, size)
            return
        active = [one for one in old if wanted_of(one) > 0]
        spared = rollout.spare(wanted, total, unavailable, size, _available(new))
        if not active or spared <= 0:
            return
        available = _available(new) + sum(_available(one) for one in old)
        sizes = [(wanted_of(one), _available(one)) for one in active]
        smaller = rollout.shrunk(sizes, spared, available, wanted - unavailable)
        for one, size in zip(active, smaller, strict=True):
            await self._scale(deployment, one, size)

    async def _recreate(self, deployment: Object, new: Object, old: Sequence[Object]) -> None:
        for one in old:
            await self._scale(deployment, one, 0)
        if not any(self._pods.of(one["metadata"]["uid"]) for one in old):
            await self._scale(deployment, new, wanted_of(deployment))

    async def _scale(self, deployment: Object, one: Object, size: int) -> None:
        before = wanted_of(one)
        annotations = self._annotations(deployment, revision_of(one))
        scaled = {key: annotations[key] for key in (_DESIRED, _MOST)}
        if before != size or not scaled.items() <= (one["metadata"].get("annotations") or {}).items():
            await self._change_set(one, size=size, annotations=scaled)
        if before != size:
            await self._tell_scaled(deployment, one, before, size)

    async def _change_set(self, one: Object, *, annotations: Object, size: int | None = None) -> Object | None:
        def change(present: Object) -> Object:
            present["metadata"].setdefault("annotations", {}).update(annotations)
            if size is not None:
                present["spec"]["replicas"] = size
            return present

        return await self.api.change("replicasets", *key_of(one), change)

    async def _tell_scaled(self, deployment: Object, one: Object, before: int, after: int) -> None:
        way = "up" if after > before else "down"
        message = f"Scaled {way} replica set {one['metadata']['name']} from {before} to {after}"
        await self.api.event(deployment, "ScalingReplicaSet", message, source=SOURCE)

    async def _forget(self, deployment: Object, old: Sequence[Object]) -> None:
        """Remove the oldest empty ReplicaSets beyond revisionHistoryLimit, once the roll-out is done."""
        limit = deployment["spec"].get("revisionHistoryLimit")
        status = deployment.get("status") or {}
        if status.get("updatedReplicas", 0) != wanted_of(deployment) or limit is None:
            return
        empty = [one for one in old if not wanted_of(one) and not (one.get("status") or {}).get("replicas")]
        for one in sorted(empty, key=revision_of)[: max(0, len(empty) - int(limit))]:
            await self.api.delete("replicasets", *key_of(one), uid=one["metadata"]["uid"])

    async def _post(self, key: Key) -> None:
        deployment = await self.api.get("deployments", *key)
        if deployment is None:
            return
        sets = self._sets_of(deployment)
        new = newest(deployment, sets)
        status = status_of(deployment, new, sets, unavailable=self._limits(deployment)[1], now=self.now)
        uid, elapsed = deployment["metadata"]["uid"], self.clock.elapsed()
        if moved(deployment, status) or uid not in self._moved:
            self._moved[uid] = elapsed
        still = elapsed - self._moved[uid]
        conditions, again = progress(deployment, status, new, sets, now=self.clock.now(), still=still)
        status["conditions"] = conditions
        if again is not None:
            self.agenda.note(key, again)
        if status != (deployment.get("status") or {}):
            await self.api.change("deployments", *key, lambda one: one | {"status": status}, subresource="status")


def newest(deployment: Object, sets: Sequence[Object]) -> Object | None:
    """The ReplicaSet that has the deployment's present template: the oldest if there are several."""
    template = deployment["spec"]["template"]
    return next((one for one in sets if pods.same_template(one["spec"]["template"], template)), None)


def _available(one: Object) -> int:
    return int((one.get("status") or {}).get("availableReplicas") or 0)
