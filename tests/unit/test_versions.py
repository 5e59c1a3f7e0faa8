"""How far a kubelet may be from the API server."""

from __future__ import annotations

import pytest

from kconsole.model.versions import Version, kubelet_skew, parse_version


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v1.33.4", Version(1, 33, 4)),
        ("1.33", Version(1, 33, 0)),
        ("v1.30.1+k3s1", Version(1, 30, 1)),
        ("v1.29.7-gke.1008000", Version(1, 29, 7)),
        ("", None),
        ("unknown", None),
    ],
)
def test_versions_are_read_with_or_without_vendor_suffix(text: str, expected: Version | None) -> None:
    assert parse_version(text) == expected


@pytest.mark.parametrize(
    ("kubelet", "apiserver", "expected"),
    [
        ("1.33.4", "1.33.4", "same"),
        ("1.33.9", "1.33.4", "same"),
        ("1.34.0", "1.33.4", "ahead"),
        ("1.32.0", "1.33.4", "behind"),
        ("1.30.0", "1.33.0", "oldest"),
        ("1.29.9", "1.33.0", "too-old"),
        ("1.24.0", "1.26.0", "oldest"),
        ("1.24.0", "1.27.0", "too-old"),
        ("1.25.0", "1.28.0", "oldest"),
        ("", "1.33.0", "unknown"),
        ("1.33.0", "", "unknown"),
    ],
)
def test_a_kubelet_may_trail_by_three_minors_and_never_lead(kubelet: str, apiserver: str, expected: str) -> None:
    assert kubelet_skew(parse_version(kubelet), parse_version(apiserver)) == expected
