"""What a controller knows about pods: which count, which are ready, and how a new one follows from a template.

API objects in, facts and API objects out.
"""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from kconsole.lab.clock import LabClock
from kconsole.lab.seeds import pod_objects

Object = dict[str, Any]

HASH = "pod-template-hash"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def condition(pod: Object, kind: str) -> Object | None:
    """The pod's condition of that type."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return next((one for one in conditions if one["type"] == kind), None)


def is_ready(pod: Object) -> bool:
    """Whether the Ready condition is True."""
    found = condition(pod, "Ready")
    return found is not None and found["status"] == "True"


class Readiness:
    """Since when pods are ready: by what they say, or by what was seen, for the lab's delays may be quicker."""

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[str, float]] = {}

    def seconds(self, pod: Object) -> float:
        """How long the pod has been ready; below zero when it is not."""
        found, uid = condition(pod, "Ready"), pod["metadata"]["uid"]
        if found is None or found["status"] != "True":
            self._seen.pop(uid, None)
            return -1.0
        since, elapsed = str(found.get("lastTransitionTime") or ""), self._clock.elapsed()
        if self._seen.get(uid, ("", 0.0))[0] != since:
            self._seen[uid] = (since, elapsed)
        said = (self._clock.now() - moment(since)).total_seconds() if since else 0.0
        return max(0.0, said, elapsed - self._seen[uid][1])

    def forget(self, uid: str) -> None:
        """Its pod is gone."""
        self._seen.pop(uid, None)


def moment(text: str) -> dt.datetime:
    """The time an API object wrote."""
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))


def phase(pod: Object) -> str:
    """Pending, Running, Succeeded or Failed."""
    return str((pod.get("status") or {}).get("phase") or "Pending")


def is_finished(pod: Object) -> bool:
    """Whether its containers have ended for good."""
    return phase(pod) in ("Succeeded", "Failed")


def is_terminating(pod: Object) -> bool:
    """Whether it is being deleted."""
    return "deletionTimestamp" in pod["metadata"]


def is_active(pod: Object) -> bool:
    """Whether it counts towards a number of replicas."""
    return not is_finished(pod) and not is_terminating(pod)


def matches(selector: Object | None, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector selects `labels`; one that is not there selects nothing, an empty one everything."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(one, labels) for one in selector.get("matchExpressions") or ())


def _holds(requirement: Object, labels: Mapping[str, str]) -> bool:
    key, operator, values = requirement["key"], requirement["operator"], requirement.get("values") or ()
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    return bool((key in labels) == (operator == "Exists"))


def hash_of(template: Object, count: int = 10) -> str:
    """Letters that name a pod template; the same for the same template."""
    plain = msgspec.json.encode(_ordered(without_hash(template)))
    digest = hashlib.sha256(plain).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:count])


def _ordered(value: Any) -> Any:
    """`value` with every dict by key, and what is empty left out: defaults come and go."""
    if isinstance(value, dict):
        plain = {key: _ordered(value[key]) for key in sorted(value)}
        return {key: one for key, one in plain.items() if one not in (None, {}, [])}
    return [_ordered(one) for one in value] if isinstance(value, list) else value


def without_hash(template: Object) -> Object:
    """The template without the label that tells ReplicaSets apart."""
    metadata = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH}
    return {**template, "metadata": {**metadata, "labels": labels}}


def same_template(one: Object, other: Object) -> bool:
    """Whether two pod templates ask for the same pods."""
    return bool(_ordered(without_hash(one)) == _ordered(without_hash(other)))


def from_template(owner: Object, template: Object, *, name: str = "", generate: str = "") -> Object:
    """A new pod of `owner`, named `name` or with `generate` as the beginning of its name."""
    metadata = copy.deepcopy(template.get("metadata") or {})
    metadata = {
        key: value for key, value in metadata.items() if key in ("labels", "annotations", "finalizers") and value
    }
    metadata["namespace"] = owner["metadata"]["namespace"]
    metadata["ownerReferences"] = [pod_objects.owner_reference(owner)]
    metadata |= {"name": name} if name else {"generateName": generate}
    spec = pod_objects.admitted(copy.deepcopy(template["spec"]))
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
