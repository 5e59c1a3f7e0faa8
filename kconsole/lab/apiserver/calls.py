"""A request on a resource as the verbs get it, and what goes back. Data only; knows no sockets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from multidict import MultiMapping

from kconsole.lab.apiserver import options
from kconsole.lab.apiserver.authentication import User
from kconsole.lab.apiserver.media import JSON, read_object
from kconsole.lab.apiserver.requests import Asked
from kconsole.lab.apiserver.resources import Resource


@dataclass(frozen=True)
class Answer:
    """What goes back to the client."""

    body: bytes
    code: int = 200
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False


@dataclass(frozen=True)
class Call:
    """A request on a resource, with everything an answer depends on."""

    asked: Asked
    resource: Resource
    user: User
    query: MultiMapping[str]
    accept: str
    content_type: str
    body: bytes
    continue_expired: Callable[[], bool]

    @property
    def namespace(self) -> str | None:
        """The namespace, or None for all."""
        return self.asked.namespace or None

    @property
    def dry(self) -> bool:
        """Whether nothing may be written."""
        return options.dry_run(self.query.getall("dryRun", []))

    @property
    def validation(self) -> str:
        """What becomes of unknown fields: Strict, Warn or Ignore."""
        return self.query.get("fieldValidation") or "Warn"

    def deletion(self) -> options.Deletion:
        """How to delete, by the body and the query."""
        body = read_object(self.content_type, self.body) if self.body else {}
        return options.deletion(body, self.query, self.query.getall("dryRun", []))
