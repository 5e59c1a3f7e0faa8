"""StatefulSets: pods with names and volumes of their own, made in order, ended in reverse, never two of a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kconsole.lab.access import Api
from kconsole.lab.clock import LabClock
from kconsole.lab.controllers import pods, revisions
from kconsole.lab.controllers.loop import Controller, Key, key_of, owner_key
from kconsole.lab.controllers.replicasets import wanted_of
from kconsole.lab.indexes import by_controller

Object = dict[str, Any]

SOURCE = "statefulset-controller"


class StatefulSets(Controller):
    """The StatefulSet controller."""

    follows = ("statefulsets", "pods")

    def __init__(self, api: Api, clock: LabClock) -> None:
        super().__init__(api, clock)
        self._pods = api.index("pods", by_controller)
        self._revisions = api.index("controllerrevisions", by_controller)
        self._ready = pods.Readiness(clock)

    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """Itself, or the owner of a pod."""
        return (key_of(obj),) if resource == "statefulsets" else owner_key(obj, "StatefulSet")

    async def sync(self, key: Key) -> None:
        """One step towards the pods asked for, then the status."""
        owner = await self.api.get("statefulsets", *key)
        if owner is None or pods.is_terminating(owner):
            return
        stored = await revisions.present_revision(self.api, self._revisions, owner)
        if stored is None:
            return
        update = revisions.hash_of(stored)
        current = (owner.get("status") or {}).get("currentRevision") or stored["metadata"]["name"]
        await self._step(owner, update, current.removeprefix(f"{key[1]}-"))
        await self._post(key, owner, stored["metadata"]["name"], current)

    def _by_ordinal(self, owner: Object) -> dict[int, Object]:
        found = {ordinal(pod): pod for pod in self._pods.of(owner["metadata"]["uid"])}
        return {number: found[number] for number in sorted(found)}

    async def _step(self, owner: Object, update: str, current: str) -> None:
        first = int((owner["spec"].get("ordinals") or {}).get("start") or 0)
        wanted = range(first, first + wanted_of(owner))
        one_by_one = owner["spec"].get("podManagementPolicy", "OrderedReady") != "Parallel"
        present = self._by_ordinal(owner)
        partition = self._partition(owner)
        for number in wanted:
            pod = present.get(number)
            if pod is None:
                hashed = update if number >= partition else current
                await self._create(owner, number, hashed)
                pod = None
            elif pods.is_finished(pod) and not pods.is_terminating(pod):
                await self._delete(owner, pod)
            if one_by_one and (pod is None or not self._fine(owner, pod)):
                return
        for number in sorted((n for n in present if n not in wanted), reverse=True):
            pod = present[number]
            if not pods.is_terminating(pod):
                await self._delete(owner, pod)
            if one_by_one:
                return
        if (owner["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") != "RollingUpdate":
            return
        for number in sorted((n for n in present if n in wanted and n >= partition), reverse=True):
            pod = present[number]
            if revisions.revision_of(pod) != update and not pods.is_terminating(pod):
                await self._delete(owner, pod)
                return
            if not self._fine(owner, pod):
                return

    def _partition(self, owner: Object) -> int:
        rolling = (owner["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
        return int(rolling.get("partition") or 0)

    def _fine(self, owner: Object, pod: Object) -> bool:
        """Whether the next one may follow."""
        patience = float(owner["spec"].get("minReadySeconds") or 0)
        seconds = self._ready.seconds(pod)
        if 0 <= seconds < patience:
            self.agenda.note(key_of(owner), patience - seconds)
        return not pods.is_terminating(pod) and pods.is_ready(pod) and seconds >= patience

    async def _create(self, owner: Object, number: int, hashed: str) -> None:
        name = f"{owner['metadata']['name']}-{number}"
        for claim in claims(owner, name):
            if await self.api.create("persistentvolumeclaims", claim) is not None:
                await self._tell(
                    owner, "SuccessfulCreate", f"create Claim {claim['metadata']['name']} Pod {name}", "success"
                )
        body = new_pod(owner, number, self._template(owner, hashed), hashed)
        if await self.api.create("pods", body) is not None:
            await self._tell(owner, "SuccessfulCreate", f"create Pod {name}", "successful")

    def _template(self, owner: Object, hashed: str) -> Object:
        """The pod template of a revision."""
        for one in self._revisions.of(owner["metadata"]["uid"]):
            if revisions.hash_of(one) == hashed:
                template: Object = one["data"]["spec"]["template"]
                return {key: value for key, value in template.items() if key != "$patch"}
        present: Object = owner["spec"]["template"]
        return present

    async def _delete(self, owner: Object, pod: Object) -> None:
        namespace, name = key_of(pod)
        await self.api.delete("pods", namespace, name, uid=pod["metadata"]["uid"])
        await self._tell(owner, "SuccessfulDelete", f"delete Pod {name}", "successful")

    async def _tell(self, owner: Object, reason: str, what: str, how: str) -> None:
        message = f"{what} in StatefulSet {owner['metadata']['name']} {how}"
        await self.api.event(owner, reason, message, source=SOURCE)

    async def _post(self, key: Key, owner: Object, update: str, current: str) -> None:
        found: Sequence[Object] = [pod for pod in self._by_ordinal(owner).values() if not pods.is_finished(pod)]
        alive = [pod for pod in found if not pods.is_terminating(pod)]
        ready = [pod for pod in alive if pods.is_ready(pod)]
        available = [pod for pod in ready if self._fine(owner, pod)]
        updated = [pod for pod in alive if update.endswith(f"-{revisions.revision_of(pod)}")]
        wanted = wanted_of(owner)
        if len(updated) == len(found) == wanted and len(ready) == wanted:
            current = update
        of_current = [pod for pod in alive if current.endswith(f"-{revisions.revision_of(pod)}")]
        counts = {
            "currentReplicas": len(of_current),
            "readyReplicas": len(ready),
            "updatedReplicas": len(updated),
        }
        status: Object = {
            "availableReplicas": len(available),
            "collisionCount": 0,
            "currentRevision": current,
            "observedGeneration": owner["metadata"].get("generation", 1),
            "replicas": len(found),
            "updateRevision": update,
            **{name: count for name, count in counts.items() if count},
        }
        if status != (owner.get("status") or {}):
            await self.api.change("statefulsets", *key, lambda one: one | {"status": status}, subresource="status")


def ordinal(pod: Object) -> int:
    """The number at the end of the pod's name; -1 when there is none."""
    text = pod["metadata"]["name"].rpartition("-")[2]
    return int(text) if text.isdigit() else -1


def claims(owner: Object, pod: str) -> list[Object]:
    """The PersistentVolumeClaims that the pod of that name has of its own."""
    found = []
    for template in owner["spec"].get("volumeClaimTemplates") or ():
        labels = (owner["spec"].get("selector") or {}).get("matchLabels") or {}
        metadata = {
            "name": f"{template['metadata']['name']}-{pod}",
            "namespace": owner["metadata"]["namespace"],
            "labels": {**(template["metadata"].get("labels") or {}), **labels},
        }
        if template["metadata"].get("annotations"):
            metadata["annotations"] = dict(template["metadata"]["annotations"])
        body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"]}
        found.append(body | {"status": {"phase": "Pending"}})
    return found


def new_pod(owner: Object, number: int, template: Object, hashed: str) -> Object:
    """The pod with that ordinal."""
    name = f"{owner['metadata']['name']}-{number}"
    pod = pods.from_template(owner, template, name=name)
    labels = {revisions.LABEL: hashed, "statefulset.kubernetes.io/pod-name": name}
    labels["apps.kubernetes.io/pod-index"] = str(number)
    pod["metadata"]["labels"] = (pod["metadata"].get("labels") or {}) | labels
    spec = pod["spec"]
    spec["hostname"] = name
    if owner["spec"].get("serviceName"):
        spec["subdomain"] = owner["spec"]["serviceName"]
    named = {
        one["metadata"]["name"]: f"{one['metadata']['name']}-{name}"
        for one in owner["spec"].get("volumeClaimTemplates") or ()
    }
    own = [{"name": volume, "persistentVolumeClaim": {"claimName": claim}} for volume, claim in named.items()]
    if own:
        spec["volumes"] = own + [one for one in spec.get("volumes") or () if one["name"] not in named]
    return pod
