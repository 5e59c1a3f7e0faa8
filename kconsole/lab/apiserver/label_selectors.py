"""The label selectors that objects carry (matchLabels and matchExpressions): what they select, how they are written.

Pure. The text form that requests carry is in `selectors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kconsole.lab.apiserver.selectors import Requirement
from kconsole.lab.apiserver.status import Object

_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


def requirements(selector: Object) -> list[Requirement]:
    """The conditions of a LabelSelector, by key; all must hold."""
    found = [Requirement(key, "in", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    found += [
        Requirement(one["key"], _OPERATORS[one["operator"]], tuple(one.get("values") or ()))
        for one in selector.get("matchExpressions") or ()
    ]
    return sorted(found, key=lambda requirement: requirement.key)


def selects(selector: Object | None, labels: Mapping[str, str] | None) -> bool:
    """Whether a LabelSelector selects these labels. None selects nothing, an empty one everything."""
    if selector is None:
        return False
    return all(requirement.holds(dict(labels or {})) for requirement in requirements(selector))


def written(found: Iterable[Requirement]) -> str:
    """Requirements as text, as a request or a Scale has them; empty when there are none."""
    return ",".join(map(_text, found))


def _text(requirement: Requirement) -> str:
    key, operator, values = requirement.key, requirement.operator, requirement.values
    if operator in ("exists", "!"):
        return f"!{key}" if operator == "!" else key
    if operator == "in" and len(values) == 1:
        return f"{key}={values[0]}"
    return f"{key} {operator} ({','.join(sorted(values))})"
