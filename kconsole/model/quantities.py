"""Kubernetes quantities (`250m`, `1.5Gi`, `1e3`), what pods request of them, and what that is of a node. Pure.

Exact: fractions, never floats. Sources: apimachinery's resource.Quantity; the scheduler's pod request rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction

from kconsole.model.pods import Container, Pod, is_finished

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")

Amounts = dict[str, Fraction]
"""How much of each resource, in its base unit: cores, bytes, pods."""


def quantity(text: str | int) -> Fraction | None:
    """What a quantity is in base units; None when it is not one."""
    found = _QUANTITY.match(str(text).strip())
    if found is None:
        return None
    number, exponent, suffix = Fraction(found[1]), found[2], found[3]
    if exponent is not None:
        return number * Fraction(10) ** int(exponent)
    if suffix in _BINARY:
        return number * Fraction(1024) ** (_BINARY.index(suffix) + 1)
    return number * Fraction(10) ** _DECIMAL.get(suffix or "", 0)


def amounts(written: Mapping[str, str | int] | None) -> Amounts:
    """A resource list as numbers; what is not a quantity is left out."""
    found = {resource: quantity(text) for resource, text in (written or {}).items()}
    return {resource: number for resource, number in found.items() if number is not None}


def pod_requests(pod: Pod) -> Amounts:
    """What the scheduler reserves for a pod.

    Its containers and restartable init containers together, or the hungriest moment of its start if that is more (an
    init container beside the restartable ones started before it); plus the overhead of its runtime.
    """
    running = _total(_of(container) for container in pod.spec.containers or ())
    started: Amounts = {}
    starting: Amounts = {}
    for container in pod.spec.init_containers or ():
        if container.restart_policy == "Always":
            started = _total((started, _of(container)))
            moment = started
        else:
            moment = _total((started, _of(container)))
        starting = _most(starting, moment)
    return _total((_most(_total((running, started)), starting), amounts(pod.spec.overhead)))


def requested(pods: Iterable[Pod]) -> Amounts:
    """What the pods of a node that are not finished request together; `pods` is how many they are."""
    counted = [pod for pod in pods if not is_finished(pod)]
    return {**_total(pod_requests(pod) for pod in counted), "pods": Fraction(len(counted))}


def amount_text(resource: str, amount: Fraction) -> str:
    """An amount as a person reads it: `250m` or `1.5` cores, `1.5Gi`, `110`. Rounded to three figures where long."""
    if resource == "cpu":
        return f"{float(amount):g}" if amount * 10 % 1 == 0 else f"{round(amount * 1000)}m"
    if resource == "memory" or resource.endswith("storage") or resource.startswith("hugepages-"):
        return _bytes_text(amount)
    return f"{float(amount):g}"


def _bytes_text(amount: Fraction) -> str:
    for power in range(len(_BINARY), 0, -1):
        scaled = amount / 1024**power
        if scaled >= 1:
            return (
                f"{round(scaled)}{_BINARY[power - 1]}" if scaled >= 100 else f"{float(scaled):.3g}{_BINARY[power - 1]}"
            )
    return str(round(amount))


def _of(container: Container) -> Amounts:
    return amounts(container.resources.requests if container.resources is not None else None)


def _total(parts: Iterable[Amounts]) -> Amounts:
    summed: Amounts = {}
    for part in parts:
        for resource, amount in part.items():
            summed[resource] = summed.get(resource, Fraction(0)) + amount
    return summed


def _most(one: Amounts, other: Amounts) -> Amounts:
    return {key: max(one.get(key, Fraction(0)), other.get(key, Fraction(0))) for key in one.keys() | other.keys()}
