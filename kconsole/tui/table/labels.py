"""The label selector grammar, as `kubectl get -l` reads it.

A selector in, a test of a label map out; every mistake is a sentence. Talks to nobody.
Source: apimachinery's pkg/labels: equality, sets, existence, and comparison of whole numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from kconsole.errors import UsageError
from kconsole.i18n import _

Labels = Mapping[str, str]
Selector = Callable[[Labels], bool]

_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_TOKEN = re.compile(r"\s*(==|!=|[=!,()<>]|[^\s=!,()<>]+)")


def parse_selector(text: str) -> Selector:
    """The test that `text` describes: every requirement, separated by commas, must hold.

    Raises UsageError with a sentence when it is no selector.
    """
    reader = _Reader(text)
    requirements: list[Selector] = []
    while reader.peek() or requirements:
        requirements.append(_requirement(reader))
        if not reader.peek():
            break
        reader.expect(",")
    return lambda labels: all(holds(labels) for holds in requirements)


class _Reader:
    """Tokens of one selector, in order."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.tokens = _TOKEN.findall(self.text)
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def expect(self, token: str) -> None:
        if self.peek() != token:
            raise self.problem(_("“{token}” was expected before “{found}”").format(token=token, found=self._found()))
        self.at += 1

    def value(self) -> str:
        token = "" if self.peek() in ("", ",", ")") else self.next()
        if token and not _NAME.fullmatch(token):
            raise self.problem(_("“{value}” cannot be a label's value").format(value=token))
        return token

    def problem(self, what: str) -> UsageError:
        return UsageError(
            _("The label selector “{selector}” cannot be read: {problem}.").format(selector=self.text, problem=what)
        )

    def _found(self) -> str:
        return self.peek() or _("the end")


def _requirement(reader: _Reader) -> Selector:
    if reader.peek() == "!":
        reader.next()
        key = _key(reader)
        return lambda labels: key not in labels
    key = _key(reader)
    operator = reader.peek()
    if operator in ("", ","):
        return lambda labels: key in labels
    reader.next()
    if operator in ("=", "=="):
        value = reader.value()
        return lambda labels: labels.get(key) == value
    if operator == "!=":
        value = reader.value()
        return lambda labels: labels.get(key) != value
    if operator in ("in", "notin"):
        values = _values(reader)
        if operator == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if operator in ("<", ">"):
        return _compared(reader, key, above=operator == ">")
    raise reader.problem(
        _("after “{key}” one of = == != in notin < > was expected, not “{found}”").format(key=key, found=operator)
    )


def _key(reader: _Reader) -> str:
    key = reader.next()
    prefix, slash, name = key.rpartition("/")
    if not _NAME.fullmatch(name) or (slash and not _PREFIX.fullmatch(prefix)):
        raise reader.problem(
            _("“{key}” cannot be a label's key").format(key=key) if key else _("a label's key is missing")
        )
    return key


def _values(reader: _Reader) -> frozenset[str]:
    reader.expect("(")
    values = {reader.value()}
    while reader.peek() == ",":
        reader.next()
        values.add(reader.value())
    reader.expect(")")
    return frozenset(values)


def _compared(reader: _Reader, key: str, *, above: bool) -> Selector:
    value = reader.value()
    if _whole(value) is None:
        raise reader.problem(_("“{value}” is not a whole number").format(value=value))

    def holds(labels: Labels) -> bool:
        found, limit = _whole(labels.get(key, "")), _whole(value)
        return found is not None and limit is not None and (found > limit if above else found < limit)

    return holds


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]{1,19}", text) else None
