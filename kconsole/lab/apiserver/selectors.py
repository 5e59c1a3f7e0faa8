"""Label and field selectors: from their text to a test on an object. Pure.

Labels know the full grammar (`a=b`, `a==b`, `a!=b`, `a in (x,y)`, `a notin (x,y)`, `a`, `!a`, `a>1`, `a<1`); fields
know `=`, `==` and `!=` on the fields that a resource says can be selected.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.status import ApiError, Object, bad_request

_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_KEY = re.compile(rf"(?:[a-z0-9](?:[-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_NAME}")
_VALUE = re.compile(rf"(?:{_NAME})?")
_TOKEN = re.compile(r"\s*(?:(?P<mark>==|!=|[=!,()<>])|(?P<word>[^\s=!,()<>]+))")


def is_label_key(text: str) -> bool:
    """Whether `text` can be the key of a label."""
    return _KEY.fullmatch(text) is not None


def is_label_value(text: str) -> bool:
    """Whether `text` can be the value of a label."""
    return _VALUE.fullmatch(text) is not None


@dataclass(frozen=True)
class Requirement:
    """One condition on labels. `operator` is in, notin, exists, !, gt or lt."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: dict[str, str]) -> bool:
        """Whether an object with these labels meets it. An absent key meets `notin` and `!`."""
        value = labels.get(self.key)
        if self.operator == "in":
            return value in self.values
        if self.operator == "notin":
            return value not in self.values
        if self.operator == "exists":
            return value is not None
        if self.operator == "!":
            return value is None
        if value is None or not re.fullmatch(r"[+-]?\d+", value):
            return False
        wanted = int(self.values[0])
        return int(value) > wanted if self.operator == "gt" else int(value) < wanted


class _Reader:
    """The tokens of a label selector, taken one after another."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens: list[tuple[bool, str]] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            assert match is not None
            self._tokens.append((match["word"] is not None, match["word"] or match["mark"]))
            at = match.end()
        self._at = 0

    def done(self) -> bool:
        return self._at >= len(self._tokens)

    def peek(self) -> str:
        return "" if self.done() else self._tokens[self._at][1]

    def take(self, *wanted: str) -> str:
        """The next token; it must be one of `wanted`, or a word when nothing is wanted."""
        is_word, token = (False, "") if self.done() else self._tokens[self._at]
        if token not in wanted if wanted else not is_word:
            expected = " or ".join(f"'{mark}'" for mark in wanted) or "identifier"
            raise self.wrong(f"found '{token}', expected: {expected}")
        self._at += 1
        return token

    def value(self) -> str:
        """The next token if it is a word, else the empty value."""
        return self.take() if not self.done() and self._tokens[self._at][0] else ""

    def wrong(self, why: str) -> ApiError:
        return bad_request(f'unable to parse requirement: {why} in "{self.text}"')


@lru_cache(maxsize=256)
def parse_labels(text: str) -> tuple[Requirement, ...]:
    """The requirements in a label selector; all must hold. Raises a 400 ApiError where the grammar is broken."""
    reader, found = _Reader(text), []
    while not reader.done():
        found.append(_requirement(reader))
        if not reader.done():
            reader.take(",")
            if reader.done():
                raise reader.wrong("found '', expected: identifier after ','")
    return tuple(found)


def _requirement(reader: _Reader) -> Requirement:
    negated = reader.peek() == "!" and bool(reader.take("!"))
    key = reader.take()
    if not is_label_key(key):
        raise reader.wrong(f"invalid label key '{key}'")
    if negated:
        return Requirement(key, "!")
    if reader.done() or reader.peek() == ",":
        return Requirement(key, "exists")
    operator = reader.take("=", "==", "!=", "in", "notin", ">", "<")
    values = _values(reader) if operator in ("in", "notin") else (reader.value(),)
    for value in values:
        if not is_label_value(value):
            raise reader.wrong(f"invalid label value '{value}'")
    if operator in "<>":
        if not re.fullmatch(r"[+-]?\d+", values[0]):
            raise reader.wrong(f"for '{operator}' the value must be an integer, found '{values[0]}'")
        return Requirement(key, "gt" if operator == ">" else "lt", values)
    return Requirement(key, {"=": "in", "==": "in", "!=": "notin"}.get(operator, operator), values)


def _values(reader: _Reader) -> tuple[str, ...]:
    reader.take("(")
    values = [reader.value()]
    while reader.take(",", ")") == ",":
        values.append(reader.value())
    return tuple(values)


@dataclass(frozen=True)
class FieldRequirement:
    """One condition on a field: its path, the value it has when unset, what it must (or must not) equal."""

    path: tuple[str, ...]
    unset: str
    value: str
    equal: bool

    def holds(self, obj: Object) -> bool:
        """Whether the object meets it."""
        return (text_at(obj, self.path, self.unset) == self.value) == self.equal


def text_at(obj: Object, path: tuple[str, ...], unset: str) -> str:
    """The value of a field as selectors compare it; `unset` when there is none."""
    found: object = obj
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    if found is None:
        return unset
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found)


def parse_fields(resource: Resource, text: str) -> tuple[FieldRequirement, ...]:
    """The requirements in a field selector; all must hold. A field that cannot be selected is a 400 ApiError."""
    found = []
    for part in re.split(r"(?<!\\),", text):
        if not part:
            continue
        match = re.match(r"(?P<name>[^=!]*)(?P<operator>==|!=|=)(?P<value>.*)", part, re.DOTALL)
        if match is None:
            raise bad_request(f"invalid field selector: invalid selector: '{text}'; can't understand '{part}'")
        if match["name"] not in resource.selectable:
            raise bad_request(f"field label not supported: {match['name']}")
        path, unset = resource.selectable[match["name"]]
        value = re.sub(r"\\([\\,=])", r"\1", match["value"])
        found.append(FieldRequirement(tuple(path.split(".")), unset, value, match["operator"] != "!="))
    return tuple(found)


@dataclass(frozen=True)
class Selection:
    """What a list or watch is narrowed to: both kinds of requirements, all of which must hold."""

    labels: tuple[Requirement, ...] = ()
    fields: tuple[FieldRequirement, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.labels or self.fields)

    def wants(self, field: str) -> str | None:
        """The value that the field (a path with dots) must have; None when it may be any."""
        path = tuple(field.split("."))
        return next((one.value for one in self.fields if one.path == path and one.equal), None)

    def __call__(self, obj: Object) -> bool:
        """Whether the object is selected."""
        if self.labels:
            labels = obj["metadata"].get("labels") or {}
            if not all(requirement.holds(labels) for requirement in self.labels):
                return False
        return all(requirement.holds(obj) for requirement in self.fields)


EVERYTHING = Selection()


def select(resource: Resource, labels: str | None, fields: str | None) -> Selection:
    """The Selection that two selector texts mean for `resource`."""
    return Selection(parse_labels(labels or ""), parse_fields(resource, fields or ""))
