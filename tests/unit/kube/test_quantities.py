"""Quantities are exact, and requests are added up as the scheduler does it."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kconsole.model.pods import Pod, decode_pod
from kconsole.model.quantities import amount_text, amounts, pod_requests, quantity, requested


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), (2, 2), ("100m", Fraction(1, 10)), ("1.5", Fraction(3, 2)), (".5", Fraction(1, 2)), ("5.", 5),
        ("1Ki", 1024), ("1.5Gi", 3 * 2**29), ("2E", 2 * 10**18), ("1E3", 1000), ("12E-1", 1 + Fraction(1, 5)),
        ("1n", Fraction(1, 10**9)), ("1u", Fraction(1, 10**6)), ("1k", 1000), ("-1", -1), ("0", 0),
        ("", None), ("Gi", None), ("1K", None), ("1 Gi", None), ("one", None), ("1e", None), ("0x1", None),
    ],
)  # fmt: skip
def test_a_quantity_is_read_as_the_api_reads_it(text: str | int, value: Any) -> None:
    assert quantity(text) == value


@given(st.integers(min_value=0, max_value=10**12))
def test_milli_units_lose_nothing(number: int) -> None:
    assert quantity(f"{number}m") == Fraction(number, 1000)


def test_what_is_no_quantity_is_left_out() -> None:
    assert amounts({"cpu": "1", "memory": "lots"}) == {"cpu": 1}
    assert amounts(None) == {}


def container(cpu: str, restart: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"name": "c", "resources": {"requests": {"cpu": cpu}}}
    return {**made, "restartPolicy": restart} if restart else made


def pod(containers: list[Any], init: list[Any] | None = None, overhead: Any = None, phase: str = "Running") -> Pod:
    spec = {"containers": containers, "initContainers": init, "overhead": overhead}
    return decode_pod(json.dumps({"metadata": {"name": "p"}, "spec": spec, "status": {"phase": phase}}).encode())


@pytest.mark.parametrize(
    ("containers", "init", "overhead", "cpu"),
    [
        (["1", "500m"], [], None, Fraction(3, 2)),
        (["1"], [("3", None), ("2", None)], None, 3),
        (["4"], [("3", None)], None, 4),
        (["1"], [("1", "Always")], None, 2),
        (["1"], [("1", "Always"), ("3", None)], None, 4),
        (["1"], [("3", None), ("1", "Always")], None, 3),
        (["1"], [("1", "Always"), ("1", "Always")], {"cpu": "250m"}, Fraction(13, 4)),
    ],
)
def test_a_pod_requests_its_containers_or_its_hungriest_moment_while_starting(
    containers: list[str], init: list[tuple[str, str | None]], overhead: Any, cpu: Any
) -> None:
    made = pod([container(each) for each in containers], [container(*each) for each in init], overhead)
    assert pod_requests(made) == {"cpu": cpu}


def test_finished_pods_request_nothing() -> None:
    pods = [pod([container("1")]), pod([container("1")], phase="Failed"), pod([{"name": "c"}], phase="Pending")]
    assert requested(pods) == {"cpu": 1, "pods": 2}


@pytest.mark.parametrize(
    ("resource", "amount", "text"),
    [
        ("cpu", Fraction(1, 4), "250m"),
        ("cpu", Fraction(3, 2), "1.5"),
        ("cpu", Fraction(16), "16"),
        ("cpu", Fraction(0), "0"),
        ("memory", Fraction(2**30), "1Gi"),
        ("memory", Fraction(3 * 2**29), "1.5Gi"),
        ("memory", Fraction(140 * 2**20), "140Mi"),
        ("memory", Fraction(1023 * 2**20), "1023Mi"),
        ("ephemeral-storage", Fraction(500), "500"),
        ("pods", Fraction(110), "110"),
    ],
)
def test_amounts_are_written_for_people(resource: str, amount: Fraction, text: str) -> None:
    assert amount_text(resource, amount) == text
