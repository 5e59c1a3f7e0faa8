"""The resources of the API, as data: names, verbs, subresources, selectable fields, where they are kept in etcd.

Adding a resource is adding a row here, with its rules in `rules` and its columns in `tables`. No behaviour lives here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
MERGING_PATCH = ("get", "patch", "update")


@dataclass(frozen=True)
class Subresource:
    """A part of an object with a path of its own; `kind` is empty for the kind of the object itself."""

    name: str
    verbs: tuple[str, ...] = MERGING_PATCH
    kind: str = ""
    group: str = ""
    version: str = ""


STATUS = Subresource("status")


@dataclass(frozen=True)
class Resource:
    """One kind of object. `selectable` maps field selector names to (path in the object, value when it is unset)."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    prefix: str
    """Where the objects are kept, as kube-apiserver names it, ending in a slash."""
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    selectable: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    indexed: str = ""
    """A selectable field by whose values the objects are found without looking at all of them."""
    returns_deleted: bool = False
    """Whether a completed deletion is answered with the object instead of a Status."""
    counts_generations: bool = False
    """Whether metadata.generation rises with every change of the spec."""
    head: bytes = field(init=False, default=b"", repr=False)
    """How the JSON of every object begins."""

    def __post_init__(self) -> None:
        head = f'{{"apiVersion":"{self.api_version}","kind":"{self.kind}",'
        object.__setattr__(self, "head", head.encode())
        object.__setattr__(self, "singular", self.singular or self.kind.lower())

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    @property
    def api_version(self) -> str:
        """`v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`nodes`, `leases.coordination.k8s.io`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def stored(self) -> bool:
        """Whether objects are kept (an access review is only answered)."""
        return bool(self.prefix)

    def subresource(self, name: str) -> Subresource | None:
        """The subresource of that name."""
        return next((sub for sub in self.subresources if sub.name == name), None)

    def key(self, namespace: str | None, name: str) -> str:
        """Where an object is kept."""
        return f"{self.under(namespace)}{name}"

    def under(self, namespace: str | None) -> str:
        """What the keys of a namespace's objects begin with; those of all namespaces for None."""
        return f"{self.prefix}{namespace}/" if self.namespaced and namespace else self.prefix


def _spaced(*paths: str) -> dict[str, tuple[str, str]]:
    return {path: (path, "") for path in ("metadata.name", "metadata.namespace", *paths)}


_POD_FIELDS = (
    *("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName"),
    *("status.phase", "status.podIP", "status.nominatedNodeName"),
)
_EVENT_FIELDS = (
    *(f"involvedObject.{name}" for name in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion")),
    *("involvedObject.fieldPath", "reason", "reportingComponent", "type"),
)

_ROWS = (
    Resource(
        *("", "v1", "Node", "nodes"),
        namespaced=False,
        prefix="/registry/minions/",
        short_names=("no",),
        subresources=(STATUS,),
        selectable={"metadata.name": ("metadata.name", ""), "spec.unschedulable": ("spec.unschedulable", "false")},
    ),
    Resource(
        *("", "v1", "Pod", "pods"),
        namespaced=True,
        prefix="/registry/pods/",
        short_names=("po",),
        categories=("all",),
        subresources=(STATUS, Subresource("log", ("get",))),
        selectable={**_spaced(*_POD_FIELDS), "spec.hostNetwork": ("spec.hostNetwork", "false")},
        indexed="spec.nodeName",
        returns_deleted=True,
    ),
    Resource(
        *("", "v1", "Namespace", "namespaces"),
        namespaced=False,
        prefix="/registry/namespaces/",
        short_names=("ns",),
        verbs=tuple(verb for verb in ALL_VERBS if verb != "deletecollection"),
        subresources=(STATUS, Subresource("finalize", ("update",))),
        selectable={"metadata.name": ("metadata.name", ""), "status.phase": ("status.phase", "")},
    ),
    Resource(
        *("", "v1", "Event", "events"),
        namespaced=True,
        prefix="/registry/events/",
        short_names=("ev",),
        selectable={**_spaced(*_EVENT_FIELDS), "source": ("source.component", "")},
    ),
    Resource(
        *("", "v1", "ConfigMap", "configmaps"),
        namespaced=True,
        prefix="/registry/configmaps/",
        short_names=("cm",),
        selectable=_spaced(),
    ),
    Resource(
        *("", "v1", "Secret", "secrets"),
        namespaced=True,
        prefix="/registry/secrets/",
        selectable={**_spaced(), "type": ("type", "Opaque")},
    ),
    Resource(
        *("", "v1", "Service", "services"),
        namespaced=True,
        prefix="/registry/services/specs/",
        short_names=("svc",),
        categories=("all",),
        subresources=(STATUS,),
        selectable=_spaced("spec.clusterIP", "spec.type"),
        returns_deleted=True,
    ),
    Resource(
        *("", "v1", "ServiceAccount", "serviceaccounts"),
        namespaced=True,
        prefix="/registry/serviceaccounts/",
        short_names=("sa",),
        selectable=_spaced(),
        returns_deleted=True,
    ),
    Resource(
        *("coordination.k8s.io", "v1", "Lease", "leases"),
        namespaced=True,
        prefix="/registry/leases/",
        selectable=_spaced(),
    ),
    Resource(
        *("apps", "v1", "DaemonSet", "daemonsets"),
        namespaced=True,
        prefix="/registry/daemonsets/",
        short_names=("ds",),
        categories=("all",),
        counts_generations=True,
        subresources=(STATUS,),
        selectable=_spaced(),
    ),
    Resource(
        *("apps", "v1", "Deployment", "deployments"),
        namespaced=True,
        prefix="/registry/deployments/",
        short_names=("deploy",),
        categories=("all",),
        counts_generations=True,
        subresources=(STATUS,),
        selectable=_spaced(),
    ),
    Resource(
        *("apps", "v1", "ReplicaSet", "replicasets"),
        namespaced=True,
        prefix="/registry/replicasets/",
        short_names=("rs",),
        categories=("all",),
        counts_generations=True,
        subresources=(STATUS,),
        selectable={**_spaced(), "status.replicas": ("status.replicas", "0")},
    ),
    Resource(
        *("apps", "v1", "StatefulSet", "statefulsets"),
        namespaced=True,
        prefix="/registry/statefulsets/",
        short_names=("sts",),
        categories=("all",),
        counts_generations=True,
        subresources=(STATUS,),
        selectable=_spaced(),
    ),
    Resource(
        *("batch", "v1", "Job", "jobs"),
        namespaced=True,
        prefix="/registry/jobs/",
        categories=("all",),
        counts_generations=True,
        subresources=(STATUS,),
        selectable={**_spaced(), "status.successful": ("status.succeeded", "0")},
    ),
    Resource(
        *("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews"),
        namespaced=False,
        prefix="",
        verbs=("create",),
    ),
    Resource(
        *("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
        namespaced=False,
        prefix="",
        verbs=("create",),
    ),
    Resource(
        *("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
        namespaced=False,
        prefix="",
        verbs=("create",),
    ),
)

RESOURCES: Mapping[str, Resource] = {row.plural: row for row in _ROWS}
"""Every resource by its plural name."""

BY_PATH: Mapping[tuple[str, str, str], Resource] = {(row.group, row.version, row.plural): row for row in _ROWS}
"""Every resource by the group, version and plural name in a request's path."""
