"""The answers of a Kubernetes API server that say no: an exception with a Status, a function for each kind.

Wording, codes and reasons are those that clients look at. Knows nothing of HTTP beyond the code and the headers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kconsole.lab.apiserver.resources import Resource

Object = dict[str, Any]


class ApiError(Exception):
    """A request that was refused; `status` is the Status object to answer with."""

    def __init__(self, status: Object, headers: dict[str, str] | None = None) -> None:
        super().__init__(status["message"])
        self.status = status
        self.headers = headers or {}

    @property
    def code(self) -> int:
        """The HTTP status code."""
        return int(self.status["code"])

    @property
    def reason(self) -> str:
        """The machine-readable reason, such as `NotFound`; empty when the server gives none."""
        return str(self.status.get("reason", ""))


def failure(
    code: int,
    reason: str,
    message: str,
    details: Object | None = None,
    *,
    retry_after: int | None = None,
) -> ApiError:
    """An ApiError with a Status of these values; `retry_after` in seconds also sets the header."""
    status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    if reason:
        status["reason"] = reason
    if details:
        status["details"] = details
    headers = {}
    if retry_after is not None:
        status.setdefault("details", {})["retryAfterSeconds"] = retry_after
        headers["Retry-After"] = str(retry_after)
    status["code"] = code
    return ApiError(status, headers)


def success(resource: Resource, name: str, uid: str) -> Object:
    """The Status that answers a completed deletion."""
    details: Object = {"name": name, "kind": resource.plural, "uid": uid}
    if resource.group:
        details["group"] = resource.group
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _about(resource: Resource, name: str) -> Object:
    details: Object = {"name": name, "kind": resource.plural}
    if resource.group:
        details["group"] = resource.group
    return details


def not_found(resource: Resource, name: str) -> ApiError:
    """404: the object is not there."""
    return failure(404, "NotFound", f'{resource.qualified} "{name}" not found', _about(resource, name))


def no_such_path() -> ApiError:
    """404: the server does not serve that path."""
    return failure(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(resource: Resource, name: str) -> ApiError:
    """409: an object of that name is there."""
    return failure(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', _about(resource, name))


def conflict(resource: Resource, name: str, why: str) -> ApiError:
    """409: the request was made for another state of the object."""
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return failure(409, "Conflict", message, _about(resource, name))


def precondition_failed(resource: Resource, name: str, why: str) -> ApiError:
    """409: a deletion was meant for another object or state; named by kind, as the real server does."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details = {**_about(resource, name), "kind": resource.kind}
    return failure(409, "Conflict", f'Operation cannot be fulfilled on {kind} "{name}": {why}', details)


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def invalid(resource: Resource, name: str, causes: Sequence[tuple[str, str, str]]) -> ApiError:
    """422: the object breaks rules; each cause is (field, reason such as `FieldValueInvalid`, message)."""
    said = [f"{field}: {message}" for field, _, message in causes]
    text = said[0] if len(said) == 1 else "[" + ", ".join(said) + "]"
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details: Object = {"name": name, "kind": resource.kind}
    if resource.group:
        details["group"] = resource.group
    details["causes"] = [{"reason": reason, "message": message, "field": field} for field, reason, message in causes]
    return failure(422, "Invalid", f'{kind} "{name}" is invalid: {text}', details)


def bad_request(message: str) -> ApiError:
    """400: the request cannot be understood."""
    return failure(400, "BadRequest", message)


def forbidden(qualified: str, name: str, why: str, details: Object | None = None) -> ApiError:
    """403 about the resource `qualified` (such as `leases.coordination.k8s.io`); both names may be empty."""
    subject = f'{qualified} "{name}" is ' if name else f"{qualified} is " if qualified else ""
    return failure(403, "Forbidden", f"{subject}forbidden: {why}", details)


def unauthorized() -> ApiError:
    """401: the credentials were not accepted."""
    return failure(401, "Unauthorized", "Unauthorized")


def method_not_allowed(resource: Resource) -> ApiError:
    """405: the resource has no such verb."""
    kind = {"kind": resource.plural, **({"group": resource.group} if resource.group else {})}
    message = "the server does not allow this method on the requested resource"
    return failure(405, "MethodNotAllowed", message, kind)


def expired(requested: int, oldest: int) -> ApiError:
    """410: changes since `requested` are no longer known."""
    return failure(410, "Expired", f"too old resource version: {requested} ({oldest})")


def expired_continue(token: str) -> ApiError:
    """410: the list that `continue` belongs to is no longer known; `token` goes on without a consistent picture."""
    error = failure(
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result. You can start a new list"
        " without the continue parameter, or use the continue token in this response to retrieve the remainder of the"
        " results. Continuing with the provided token results in an inconsistent list - objects that were created,"
        " modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    )
    error.status["metadata"] = {"continue": token}
    return error


def too_large_version(requested: int, current: int) -> ApiError:
    """504: a state was asked for that this server has not seen."""
    return failure(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {requested}, current: {current}",
        {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]},
        retry_after=1,
    )


def storage_failed(message: str) -> ApiError:
    """500: etcd did not answer; the reason is empty, as the real server leaves it."""
    return failure(500, "", message)


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    """415: the body is in a format that is not read here."""
    message = "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted)
    return failure(415, "UnsupportedMediaType", message)


def not_acceptable(accepted: Sequence[str]) -> ApiError:
    """406: none of the formats asked for can be written."""
    return failure(406, "NotAcceptable", "only the following media types are accepted: " + ", ".join(accepted))
