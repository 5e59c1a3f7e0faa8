"""What the API server says becomes an error with its own words, and with how long to wait."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from kconsole.kube.failures import refused
from kconsole.kube.listwatch import delay

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_a_status_object_gives_reason_message_and_details() -> None:
    body = b'{"kind":"Status","reason":"Forbidden","message":"no way","code":403,"details":{"name":"w1"}}'
    problem = refused(403, {}, body, now=NOW)
    assert (problem.status, problem.reason, problem.message) == (403, "Forbidden", "no way")
    assert problem.details == {"name": "w1"}
    assert "no way" in str(problem)


@pytest.mark.parametrize("body", [b"", b"<html>gateway</html>", b"[1]", b'{"kind":"Node"}', b"\xff\xfe", b'"text"'])
def test_an_answer_that_is_no_status_is_still_a_sentence(body: bytes) -> None:
    problem = refused(502, {}, body, now=NOW)
    assert problem.status == 502
    assert "502" in str(problem)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("Thu, 01 Jan 2026 00:00:30 GMT", 30), ("Wed, 31 Dec 2025 00:00:00 GMT", 0), ("soon", None), ("-3", 0)],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert refused(429, {"Retry-After": header}, b"", now=NOW).retry_after == seconds


def test_retry_after_may_stand_in_the_details() -> None:
    body = b'{"kind":"Status","code":504,"details":{"retryAfterSeconds":1}}'
    assert refused(504, {}, body, now=NOW).retry_after == 1


def test_the_wait_doubles_from_one_second_to_thirty_with_jitter() -> None:
    assert [delay(attempt, lambda: 1.0) for attempt in (1, 2, 3, 4, 5, 6, 60)] == [1, 2, 4, 8, 16, 30, 30]
    assert delay(1, lambda: 0.0) == 0.5
