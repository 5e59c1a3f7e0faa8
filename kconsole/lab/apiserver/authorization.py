"""Who may do what: three profiles by group, as access rules. Pure.

Everyone who is known may discover the API and ask about their own access; everyone may ask for version and health.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kconsole.lab.apiserver.authentication import AUTHENTICATED, User
from kconsole.lab.apiserver.requests import Asked
from kconsole.lab.apiserver.status import ApiError, Object, forbidden

ADMIN_GROUP = "system:masters"
OPERATOR_GROUP = "kconsole:operators"
VIEWER_GROUP = "kconsole:viewers"


@dataclass(frozen=True)
class Rule:
    """Verbs allowed on resources of groups, in a namespace or in all, or on paths that are no resource's."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    namespace: str = ""

    def allows(self, asked: Asked) -> bool:
        """Whether this rule alone permits it."""
        if not _in(self.verbs, asked.verb):
            return False
        if not asked.plural:
            return any(_covers(path, asked.path) for path in self.paths)
        if self.namespace and asked.namespace != self.namespace:
            return False
        return _in(self.groups, asked.group) and _in(self.resources, asked.about)


def _in(allowed: tuple[str, ...], wanted: str) -> bool:
    return "*" in allowed or wanted in allowed


def _covers(path: str, wanted: str) -> bool:
    return wanted.startswith(path[:-1]) if path.endswith("*") else wanted == path


_READ = ("get", "list", "watch")
_CORE = (
    *("pods", "pods/status", "pods/log", "nodes", "nodes/status", "namespaces", "events", "configmaps", "services"),
    *("endpoints", "persistentvolumes", "persistentvolumeclaims", "replicationcontrollers"),
)
_GROUPS = (
    *("apps", "batch", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "policy", "scheduling.k8s.io"),
    *("storage.k8s.io", "apiextensions.k8s.io"),
)
_PUBLIC = (Rule(("get",), paths=("/version", "/version/", "/healthz", "/livez", "/readyz", "/readyz/*", "/livez/*")),)
_KNOWN = (
    Rule(("get",), paths=("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*")),
    Rule(("create",), ("authorization.k8s.io",), ("selfsubjectaccessreviews", "selfsubjectrulesreviews")),
    Rule(("create",), ("authentication.k8s.io",), ("selfsubjectreviews",)),
)
_VIEWER = (
    Rule(_READ, ("",), (*_CORE, "serviceaccounts")),
    Rule(_READ, _GROUPS, ("*",)),
)
_OPERATOR = (
    *_VIEWER,
    Rule(("patch", "update"), ("",), ("nodes",)),
    Rule(("create",), ("",), ("pods/eviction", "events")),
    Rule(("patch",), ("",), ("events",)),
    Rule(("create", "update", "patch", "delete"), ("coordination.k8s.io",), ("leases",), namespace="kube-system"),
)
_ADMIN = (Rule(("*",), ("*",), ("*",)), Rule(("*",), paths=("*",)))

PROFILES: Mapping[str, tuple[Rule, ...]] = {
    ADMIN_GROUP: _ADMIN,
    "kubeadm:cluster-admins": _ADMIN,
    OPERATOR_GROUP: _OPERATOR,
    VIEWER_GROUP: _VIEWER,
    AUTHENTICATED: _KNOWN,
}


def rules_for(user: User) -> Iterator[Rule]:
    """Every rule that holds for the user."""
    yield from _PUBLIC
    for group in user.groups:
        yield from PROFILES.get(group, ())


def allowed(user: User, asked: Asked) -> bool:
    """Whether the user may do that."""
    return any(rule.allows(asked) for rule in rules_for(user))


def refusal(user: User, asked: Asked) -> ApiError:
    """The 403 for something the user may not do."""
    if not asked.plural:
        return forbidden("", "", f'User "{user.name}" cannot {asked.verb} path "{asked.path}"')
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    about = asked.about
    why = f'User "{user.name}" cannot {asked.verb} resource "{about}" in API group "{asked.group}" {where}'
    details: Object = {"kind": asked.plural}
    if asked.name:
        details["name"] = asked.name
    if asked.group:
        details["group"] = asked.group
    return forbidden(asked.qualified, asked.name, why, details)
