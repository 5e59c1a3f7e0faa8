"""What a pod's claims mean for its place: claims missing or unbound, and volumes that only some nodes reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from kconsole.lab.access import Api
from kconsole.lab.scheduling.facts import NodeFacts
from kconsole.lab.scheduling.filters import Refusal, matches_term

Object = dict[str, Any]

_CONFLICT = Refusal(("node(s) had volume node affinity conflict",), hopeless=True)


def claims_of(pod: Object) -> Iterable[str]:
    """The names of the pod's PersistentVolumeClaims."""
    for volume in pod["spec"].get("volumes") or ():
        claim = volume.get("persistentVolumeClaim")
        if claim:
            yield claim["claimName"]


class Volumes:
    """Reads claims and volumes."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def of(self, pod: Object) -> tuple[str, Callable[[NodeFacts], Refusal | None]]:
        """What keeps the pod from every node (empty: nothing), and what refuses single nodes."""
        terms: list[list[Object]] = []
        for name in claims_of(pod):
            claim = self._api.find("persistentvolumeclaims", pod["metadata"]["namespace"], name)
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found', _anywhere
            if (claim.get("status") or {}).get("phase") != "Bound":
                return "pod has unbound immediate PersistentVolumeClaims", _anywhere
            volume = self._api.find("persistentvolumes", None, (claim.get("spec") or {}).get("volumeName") or "")
            required = ((volume or {}).get("spec", {}).get("nodeAffinity") or {}).get("required")
            if required:
                terms.append(required.get("nodeSelectorTerms") or [])
        if not terms:
            return "", _anywhere

        def reaches(node: NodeFacts) -> Refusal | None:
            reached = all(any(matches_term(term, node) for term in wanted) for wanted in terms)
            return None if reached else _CONFLICT

        return "", reaches


def _anywhere(node: NodeFacts) -> None:
    return None
