"""Which images and patch releases belong to a Kubernetes version, as kubeadm's own table has them.

Data only. What really runs beneath (the etcd binary) has its own version, told apart where it is shown.
"""

from __future__ import annotations

import re

from kconsole.errors import UsageError
from kconsole.i18n import _

DEFAULT_VERSION = "1.33.4"

_LATEST_PATCH = {27: 16, 28: 15, 29: 15, 30: 14, 31: 13, 32: 9, 33: 4, 34: 2, 35: 0, 36: 0}

_ETCD: dict[int, tuple[tuple[int, str], ...]] = {
    # minor: (from this patch on, tag), ascending
    27: ((0, "3.5.7-0"), (14, "3.5.12-0")),
    28: ((0, "3.5.9-0"), (10, "3.5.12-0"), (13, "3.5.15-0")),
    29: ((0, "3.5.10-0"), (5, "3.5.12-0"), (9, "3.5.15-0")),
    30: ((0, "3.5.12-0"), (5, "3.5.15-0")),
    31: ((0, "3.5.15-0"), (14, "3.5.24-0")),
    32: ((0, "3.5.16-0"), (10, "3.5.24-0")),
    33: ((0, "3.5.21-0"), (6, "3.5.24-0")),
    34: ((0, "3.6.4-0"), (2, "3.6.5-0")),
    35: ((0, "3.6.6-0"),),
    36: ((0, "3.6.8-0"),),
}
_COREDNS = {27: "v1.10.1", 28: "v1.10.1", 29: "v1.11.1", 30: "v1.11.1", 31: "v1.11.3", 32: "v1.11.3", 33: "v1.12.0"}
_COREDNS |= {34: "v1.12.1", 35: "v1.13.1", 36: "v1.13.1"}


def parse_version(text: str) -> str:
    """`1.33`, `1.33.4` or `v1.33.4` as a full version without `v`; UsageError for what the lab cannot play."""
    match = re.fullmatch(r"v?1\.(\d+)(?:\.(\d+))?", text.strip())
    if not match or int(match[1]) not in _LATEST_PATCH:
        oldest, newest = min(_LATEST_PATCH), max(_LATEST_PATCH)
        raise UsageError(
            _("The lab cannot play Kubernetes {version!r}; give a version from 1.{oldest} to 1.{newest}.").format(
                version=text, oldest=oldest, newest=newest
            )
        )
    minor = int(match[1])
    return f"1.{minor}.{match[2] if match[2] is not None else _LATEST_PATCH[minor]}"


def minor_of(version: str) -> int:
    """33 for `1.33.4`."""
    return int(version.split(".")[1])


def etcd_tag(version: str) -> str:
    """The etcd image tag that kubeadm of `version` writes (facts: etcd 6, upgrade 2)."""
    patch = int(version.split(".")[2])
    return [tag for since, tag in _ETCD[minor_of(version)] if since <= patch][-1]


def coredns_tag(version: str) -> str:
    """The CoreDNS image tag that kubeadm of `version` installs."""
    return _COREDNS[minor_of(version)]


def pause_tag(version: str) -> str:
    """The sandbox image tag of `version`."""
    minor = minor_of(version)
    return "3.9" if minor < 31 else "3.10" if minor < 34 else "3.10.1"


def monitor_grace_seconds(version: str) -> float:
    """How long a silent node stays Ready: the node monitor grace period, 40 s and from 1.32 on 50 s."""
    return 40.0 if minor_of(version) < 32 else 50.0
