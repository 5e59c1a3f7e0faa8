"""What goes wrong on request: a mutable set of faults that listeners ask before they answer.

Each fault is text of the form `KIND=VALUE[,verb=VERB][,resource=PLURAL][,times=N][,retry-after=SECONDS]`:

    latency=200ms           every answer begins that much later; `latency=200ms~50ms` adds up to 50 ms at random
    error=503               answered with that code: 401, 403, 429, 500, 502 (no Status, as a proxy), 503 or 504;
                            with retry-after=SECONDS the header is sent
    watch=drop              open watches: the connection is closed, once, now
    watch=cut               the same, in the middle of a line
    watch=garbage           a line that is not JSON is sent, once, now
    watch=blank             an empty line is sent, once, now
    watch=expired           the stream ends with an ERROR event 410 Expired, once, now
    watch=hang              open and new watches stay open and send nothing, until cleared
    continue=expired        the next page of a list is a 410 Expired
    connections=refuse      nobody listens; connections that are open stay
    webhook=deny            a validating webhook says no to every write, with a 403
    webhook=fail            a validating webhook cannot be reached: a 500
    webhook=timeout         a validating webhook does not answer in time: a 500
    eviction=off            evictions are not offered: not discovered, and a 404
    eviction=conflict       evictions end in a 504, as if the budget could not be written for conflicts
    history=compact         etcd's history is compacted, once, now: watches that begin before now are 410 Expired
    deprecated=policy/v1beta1/poddisruptionbudgets@1.25
                            /metrics says that this API was asked for, which that release no longer has

`verb` and `resource` narrow it to such requests, `times` to the next so many (then it is gone).
`watch=` takes `resource` only, `connections=` nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kconsole.errors import UsageError
from kconsole.i18n import _
from kconsole.lab.apiserver.admission import denied, failed
from kconsole.lab.apiserver.changes import Bell
from kconsole.lab.apiserver.requests import Asked
from kconsole.lab.apiserver.status import ApiError, failure, forbidden, unauthorized

_VALUES = {
    "latency": r"\d+(ms|s)(~\d+(ms|s))?",
    "error": "401|403|429|500|502|503|504",
    "watch": "drop|cut|garbage|blank|expired|hang",
    "continue": "expired",
    "connections": "refuse",
    "webhook": "deny|fail|timeout",
    "eviction": "off|conflict",
    "history": "compact",
    "deprecated": r"[a-z0-9.]+/v\d+((alpha|beta)\d+)?/[a-z]+@1\.\d+",
}
_SHOWN = {"deprecated": "GROUP/VERSION/RESOURCE@1.N"}
_NARROWED_BY = {
    "latency": ("verb", "resource", "times"),
    "error": ("verb", "resource", "times", "retry-after"),
    "watch": ("resource",),
    "continue": ("resource", "times"),
    "connections": (),
    "webhook": ("verb", "resource", "times"),
    "eviction": ("times",),
    "history": (),
    "deprecated": (),
}
_WRITES = ("create", "update", "patch", "delete", "deletecollection")
_QUESTIONS = ("authorization.k8s.io", "authentication.k8s.io")
_WEBHOOK, _WEBHOOK_URL = "guard.lab.kconsole.io", "https://guard.lab.svc:443/validate?timeout=10s"
_EVICTION = "pods/eviction"
_ERRORS = {
    429: ("TooManyRequests", "the server has received too many requests and has asked us to try again later"),
    500: ("InternalError", "Internal error occurred: a fault of the lab"),
    502: ("", "bad gateway"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "Timeout: request did not complete within the allotted timeout"),
}


@dataclass(frozen=True)
class Fault:
    """One fault; `times` None means until it is cleared."""

    kind: str
    value: str
    narrowed: Mapping[str, str] = field(default_factory=dict)
    times: int | None = None

    def __str__(self) -> str:
        more = [f"{name}={value}" for name, value in self.narrowed.items()]
        if self.times is not None:
            more.append(f"times={self.times}")
        return ",".join([f"{self.kind}={self.value}", *more])

    def concerns(self, asked: Asked) -> bool:
        """Whether it is about such a request."""
        resource = self.narrowed.get("resource")
        return self.narrowed.get("verb") in (None, asked.verb) and resource in (None, asked.plural, asked.about)

    def touches(self, plural: str) -> bool:
        """Whether it is about that resource."""
        return self.narrowed.get("resource") in (None, plural)


def parse(text: str) -> Fault:
    """The fault that `text` means; UsageError says what it should have been."""
    pairs = [tuple(part.strip().partition("=")[::2]) for part in text.split(",")]
    (kind, value), *rest = pairs
    if kind not in _VALUES:
        known = ", ".join(_VALUES)
        raise UsageError(_("There is no fault {kind!r}. Faults are: {known}.").format(kind=kind, known=known))
    if not re.fullmatch(_VALUES[kind], value):
        raise UsageError(
            _("The fault {kind} cannot be {value!r}. It takes: {values}.").format(
                kind=kind,
                value=value,
                values=_("a time such as 200ms or 200ms~50ms")
                if kind == "latency"
                else _SHOWN.get(kind, _VALUES[kind]),
            )
        )
    narrowed = {}
    for name, given in rest:
        if name not in _NARROWED_BY[kind]:
            allowed = ", ".join(_NARROWED_BY[kind]) or _("nothing")
            raise UsageError(
                _("The fault {kind} has no {name!r}; it has: {allowed}.").format(kind=kind, name=name, allowed=allowed)
            )
        if name in ("times", "retry-after") and not (given.isdecimal() and int(given) > 0):
            raise UsageError(
                _("{name} must be a whole number above zero, not {given!r}.").format(name=name, given=given)
            )
        narrowed[name] = given
    times = narrowed.pop("times", None)
    return Fault(kind, value, narrowed, int(times) if times else None)


def _seconds(text: str) -> float:
    return int(text[:-2]) / 1000 if text.endswith("ms") else float(text[:-1])


class Faults:
    """The faults in force. `bell` rings at every change."""

    def __init__(self) -> None:
        self.bell = Bell()
        self.strikes = 0
        """How many one-time watch faults there were; a stream plays those that come after it began."""
        self.compactions = 0
        """How often the history was to be compacted."""
        self._standing: list[Fault] = []
        self._struck: list[Fault] = []

    def add(self, fault: Fault | str) -> None:
        """Bring a fault into force. One-time watch faults strike the watches open now and are not kept."""
        fault = parse(fault) if isinstance(fault, str) else fault
        if fault.kind == "watch" and fault.value != "hang":
            self.strikes += 1
            self._struck.append(fault)
        elif fault.kind == "history":
            self.compactions += 1
        else:
            self._standing.append(fault)
        self.bell.ring()

    def clear(self, kind: str = "") -> None:
        """End the faults of that kind, or all."""
        self._standing = [fault for fault in self._standing if kind and fault.kind != kind]
        self.bell.ring()

    def standing(self) -> list[str]:
        """The faults in force, as text."""
        return [str(fault) for fault in self._standing]

    def struck_since(self, strikes: int, plural: str) -> list[str]:
        """The one-time watch faults after the first `strikes` of them, for a watch on that resource."""
        return [fault.value for fault in self._struck[strikes:] if fault.touches(plural)]

    def hanging(self, plural: str) -> bool:
        """Whether watches on that resource send nothing now."""
        return any(fault.kind == "watch" and fault.touches(plural) for fault in self._standing)

    @property
    def refusing(self) -> bool:
        """Whether nobody should be listening."""
        return any(fault.kind == "connections" for fault in self._standing)

    @property
    def hides_evictions(self) -> bool:
        """Whether evictions are not offered."""
        return any(str(fault) == "eviction=off" for fault in self._standing)

    @property
    def deprecated(self) -> list[str]:
        """The deprecated APIs that were asked for, as GROUP/VERSION/RESOURCE@RELEASE."""
        return [fault.value for fault in self._standing if fault.kind == "deprecated"]

    def delay(self, asked: Asked) -> float:
        """Seconds to wait before this request is answered."""
        fault = self._use("latency", asked)
        if fault is None:
            return 0.0
        fixed, _tilde, jitter = fault.value.partition("~")
        return _seconds(fixed) + (random.uniform(0, _seconds(jitter)) if jitter else 0)  # noqa: S311

    def continue_expired(self, asked: Asked) -> bool:
        """Whether this next page is to be refused. Uses the fault up."""
        return self._use("continue", asked) is not None

    def error(self, asked: Asked) -> ApiError | None:
        """What this request is refused with. Uses the fault up."""
        fault = self._use("error", asked)
        if fault is None:
            return None
        code = int(fault.value)
        if code == 401:
            return unauthorized()
        if code == 403:
            return forbidden(asked.qualified, asked.name, "a fault of the lab", {"kind": asked.plural})
        retry_after = fault.narrowed.get("retry-after")
        return failure(code, *_ERRORS[code], retry_after=int(retry_after) if retry_after else None)

    def admission(self, asked: Asked) -> ApiError | None:
        """What a write that is allowed is refused with after all. Uses the fault up."""
        if asked.verb not in _WRITES or not asked.plural or asked.group in _QUESTIONS:
            return None
        if asked.about == _EVICTION and any(str(fault).startswith("eviction=conflict") for fault in self._standing):
            self._use("eviction", asked)
            message = "Timeout: couldn't update PodDisruptionBudget due to conflicts"
            return failure(504, "Timeout", message, retry_after=10)
        fault = self._use("webhook", asked)
        if fault is None:
            return None
        if fault.value == "deny":
            return denied(_WEBHOOK, "a fault of the lab")
        refused = "dial tcp 10.96.0.9:443: connect: connection refused"
        why = refused if fault.value == "fail" else "context deadline exceeded"
        return failed(_WEBHOOK, f'Post "{_WEBHOOK_URL}": {why}')

    def _use(self, kind: str, asked: Asked) -> Fault | None:
        for at, fault in enumerate(self._standing):
            if fault.kind == kind and fault.concerns(asked):
                if fault.times == 1:
                    del self._standing[at]
                elif fault.times is not None:
                    self._standing[at] = replace(fault, times=fault.times - 1)
                return fault
        return None
