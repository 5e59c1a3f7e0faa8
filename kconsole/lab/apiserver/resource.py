"""What a resource of the API is, as data: names, verbs, subresources, selectable fields, where it is kept in etcd.

The rows are in `kinds`, gathered in `resources`. No behaviour lives here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
SCALE = Subresource("scale", MERGING_PATCH, "Scale", "autoscaling", "v1")


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
    custom: Mapping[str, Any] | None = None
    """The version in the CustomResourceDefinition that it comes from, when clients have added it."""
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


def spaced(*paths: str) -> dict[str, tuple[str, str]]:
    """The selectable fields of a kind in namespaces: name, namespace and `paths`."""
    return {path: (path, "") for path in ("metadata.name", "metadata.namespace", *paths)}


NAMED: Mapping[str, tuple[str, str]] = {"metadata.name": ("metadata.name", "")}
"""The selectable fields of a kind outside namespaces."""
