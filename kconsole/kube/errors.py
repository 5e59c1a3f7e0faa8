"""The three ways talking to a cluster fails: it said no, it could not be reached, or the way to it is misdescribed."""

from __future__ import annotations

from typing import Any

from kconsole.errors import KconsoleError


class ApiError(KconsoleError):
    """The API server answered, and the answer was no."""

    code = "api"

    def __init__(
        self,
        sentence: str,
        *,
        status: int,
        reason: str = "",
        message: str = "",
        retry_after: float | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.reason = reason
        """The API's machine word: `NotFound`, `Forbidden`, `Expired` …; empty when a proxy answered instead."""
        self.message = message
        """The API's own words."""
        self.retry_after = retry_after
        """Seconds the server asked to wait."""
        self.details = details


class Unreachable(KconsoleError):
    """No answer: name, route, port, TLS or time-out; whether a request that was sent took effect is unknown."""

    code = "unreachable"


class ConfigProblem(KconsoleError):
    """The kubeconfig, or a credential it points to, cannot be used."""

    code = "config"
