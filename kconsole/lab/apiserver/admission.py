"""Validating webhooks: which of them a request concerns, and what each says to it.

Nobody is called. A webhook whose URL is on the host `webhook.lab` is answered here by the path (`/allow`, `/deny`,
`/fail`; `/deny?message=…` says why); any other is one that cannot be reached, and its failurePolicy decides. What the
cluster's own actors write is not asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from kconsole.lab.apiserver.label_selectors import selects
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.requests import Asked
from kconsole.lab.apiserver.resources import RESOURCES, Resource
from kconsole.lab.apiserver.status import ApiError, Object, failure

LAB_HOST = "webhook.lab"
CREATE, UPDATE, DELETE = "CREATE", "UPDATE", "DELETE"


@dataclass(frozen=True)
class Subject:
    """What is about to be written."""

    operation: str
    resource: Resource
    subresource: str
    obj: Object
    """The new object; the present one for a deletion."""


def check(registry: Registry, asked: Asked, resource: Resource, operation: str, obj: Object) -> None:
    """Return when every webhook allows it; raises the ApiError of the first that does not."""
    if resource.group == "admissionregistration.k8s.io":
        return
    subject = Subject(operation, resource, asked.subresource, obj)
    configurations = RESOURCES["validatingwebhookconfigurations"]
    for entry in registry.store.shelf(configurations).under(configurations.prefix):
        for webhook in entry.object.get("webhooks") or ():
            if concerns(webhook, subject, _namespace_labels(registry, asked, subject)):
                refused = said(webhook, _services(registry, webhook))
                if refused is not None:
                    raise refused


def _namespace_labels(registry: Registry, asked: Asked, subject: Subject) -> Mapping[str, str] | None:
    """The labels of the namespace it happens in; None outside namespaces."""
    if subject.resource.plural == "namespaces":
        return subject.obj["metadata"].get("labels") or {}
    namespaces = RESOURCES["namespaces"]
    entry = registry.store.shelf(namespaces).find(namespaces.key(None, asked.namespace)) if asked.namespace else None
    return None if entry is None else entry.object["metadata"].get("labels") or {}


def _services(registry: Registry, webhook: Object) -> Object | None:
    service = (webhook.get("clientConfig") or {}).get("service")
    if not service:
        return None
    services = RESOURCES["services"]
    entry = registry.store.shelf(services).find(services.key(service.get("namespace"), service.get("name", "")))
    return entry.object if entry else None


def concerns(webhook: Object, subject: Subject, namespace_labels: Mapping[str, str] | None) -> bool:
    """Whether the webhook is to be asked."""
    if not any(_matches(rule, subject) for rule in webhook.get("rules") or ()):
        return False
    if namespace_labels is not None and not selects(webhook.get("namespaceSelector") or {}, namespace_labels):
        return False
    labels = (subject.obj.get("metadata") or {}).get("labels")
    return selects(webhook.get("objectSelector") or {}, labels)


def _matches(rule: Object, subject: Subject) -> bool:
    resource, scope = subject.resource, "Namespaced" if subject.resource.namespaced else "Cluster"
    return (
        _any_of(rule.get("operations"), subject.operation)
        and _any_of(rule.get("apiGroups"), resource.group)
        and _any_of(rule.get("apiVersions"), resource.version)
        and rule.get("scope", "*") in ("*", scope)
        and any(_names(one, resource.plural, subject.subresource) for one in rule.get("resources") or ())
    )


def _any_of(allowed: Iterable[str] | None, wanted: str) -> bool:
    return bool({"*", wanted} & set(allowed or ()))


def _names(pattern: str, plural: str, subresource: str) -> bool:
    name, slash, sub = pattern.partition("/")
    return name in ("*", plural) and ((sub in ("*", subresource)) if slash else not subresource)


def said(webhook: Object, service: Object | None) -> ApiError | None:
    """What the webhook says: None when it allows it, or fails and is to be ignored."""
    url, name = _url(webhook), webhook.get("name", "")
    parts = urlsplit(url)
    if parts.hostname == LAB_HOST and parts.path == "/allow":
        return None
    if parts.hostname == LAB_HOST and parts.path == "/deny":
        return denied(name, (parse_qs(parts.query).get("message") or [""])[0])
    if webhook.get("failurePolicy") == "Ignore":
        return None
    timed = f"{url}{'&' if parts.query else '?'}timeout={webhook.get('timeoutSeconds', 10)}s"
    return failed(name, f'Post "{timed}": {_unreachable(webhook, service)}')


def _url(webhook: Object) -> str:
    client = webhook.get("clientConfig") or {}
    service = client.get("service")
    if not service:
        return str(client.get("url", ""))
    path = (service.get("path") or "/").lstrip("/")
    return f"https://{service.get('name')}.{service.get('namespace')}.svc:{service.get('port', 443)}/{path}"


def _unreachable(webhook: Object, service: Object | None) -> str:
    wanted = (webhook.get("clientConfig") or {}).get("service")
    if wanted and service is None:
        return f'service "{wanted.get("name")}" not found'
    parts = urlsplit(_url(webhook))
    host = service["spec"].get("clusterIP", "") if service else parts.hostname or ""
    if host == LAB_HOST:
        return "context deadline exceeded"
    if not host.replace(".", "").isdigit():
        return f"dial tcp: lookup {host}: no such host"
    return f"dial tcp {host}:{parts.port or 443}: connect: connection refused"


def denied(name: str, message: str) -> ApiError:
    """403: the webhook does not allow it."""
    why = f": {message}" if message else " without explanation"
    return failure(403, "Forbidden", f'admission webhook "{name}" denied the request{why}')


def failed(name: str, why: str) -> ApiError:
    """500: the webhook could not be asked, and nothing goes on without it."""
    problem = f'failed calling webhook "{name}": failed to call webhook: {why}'
    return failure(500, "InternalError", f"Internal error occurred: {problem}", {"causes": [{"message": problem}]})
