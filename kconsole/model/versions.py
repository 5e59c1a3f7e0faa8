"""Kubernetes versions and how far a kubelet may be from the API server.

Source: the version skew policy. Pure.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


class Version(NamedTuple):
    """A release; vendor suffixes (`+k3s1`, `-gke.100`) do not take part in comparisons."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}.{self.patch}"


def parse_version(text: str) -> Version | None:
    """The release that `v1.33.4`, `1.33` or `v1.33.4-eks-1234` names; None when it names none."""
    found = _VERSION.match(text)
    return Version(int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


Skew = Literal["same", "behind", "oldest", "ahead", "too-old", "unknown"]
"""`behind`: legal, older minor · `oldest`: legal, but the API server cannot move on · `ahead`, `too-old`: illegal."""


def kubelet_skew(kubelet: Version | None, apiserver: Version | None) -> Skew:
    """How a kubelet stands to the API server.

    The policy counts minors: never a newer one; up to three older, two where the kubelet is older than 1.25.
    """
    if kubelet is None or apiserver is None or kubelet.major != apiserver.major:
        return "unknown"
    behind = apiserver.minor - kubelet.minor
    allowed = 3 if kubelet.minor >= 25 else 2
    if behind < 0:
        return "ahead"
    if behind == 0:
        return "same"
    return "too-old" if behind > allowed else "oldest" if behind == allowed else "behind"
