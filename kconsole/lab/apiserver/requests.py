"""What a request is about: verb, resource, namespace, name, subresource; read from method, path and query. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kconsole.lab.apiserver.resources import Resource, Subresource
from kconsole.lab.apiserver.served import Served
from kconsole.lab.apiserver.status import bad_request, no_such_path

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get", "HEAD": "get"}
_OF_A_NAMESPACE = ("status", "finalize")


@dataclass(frozen=True)
class Asked:
    """A request, understood. `plural` is empty for paths that are no resource's (`/version`, `/readyz`)."""

    verb: str
    path: str
    group: str = ""
    version: str = ""
    plural: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def qualified(self) -> str:
        """The resource and its group as messages name them."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def about(self) -> str:
        """The resource with its subresource, as access rules name it."""
        return f"{self.plural}/{self.subresource}" if self.subresource else self.plural


def understand(method: str, path: str, query: Mapping[str, str]) -> Asked:
    """What a request asks for. Says nothing about whether it exists or is allowed."""
    verb = _VERBS.get(method, method.lower())
    parts = [part for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return Asked(verb, path)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and not (len(rest) == 3 and rest[2] in _OF_A_NAMESPACE):
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource = (*rest, "", "")[:3]
    if not name:
        if verb == "get":
            verb = "watch" if truth(query, "watch") else "list"
        elif verb == "delete":
            verb = "deletecollection"
    return Asked(
        verb, path, group, version, plural, namespace, name, subresource if len(rest) < 4 else "/".join(rest[2:])
    )


def target(asked: Asked, served: Served) -> tuple[Resource, Subresource | None]:
    """The resource, and the subresource if one is meant; 404 when they are not served."""
    resource = served.find(asked.group, asked.version, asked.plural)
    if resource is None or (asked.namespace and not resource.namespaced):
        raise no_such_path()
    if not asked.subresource:
        return resource, None
    subresource = resource.subresource(asked.subresource)
    if subresource is None:
        raise no_such_path()
    return resource, subresource


def truth(query: Mapping[str, str], name: str) -> bool:
    """A query parameter that is true or false; false when it is not given."""
    return query.get(name, "").lower() in ("true", "1", "t")


def number(query: Mapping[str, str], name: str) -> int | None:
    """A query parameter that is a whole number; None when it is not given, 400 when it is something else."""
    text = query.get(name, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
