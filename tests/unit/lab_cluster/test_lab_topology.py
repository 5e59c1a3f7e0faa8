"""Which machines a cluster has, and which releases it can play."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kconsole.errors import UsageError
from kconsole.lab.ground import releases
from kconsole.lab.ground.topology import plan_topology


def test_the_default_cluster_has_cp1_and_three_workers_one_of_them_with_dnf() -> None:
    cluster = plan_topology("lab", "1.33.4")
    assert [machine.name for machine in cluster.machines] == ["cp1", "w1", "w2", "w3"]
    assert [machine.system.packages for machine in cluster.machines] == ["apt", "apt", "apt", "dnf"]
    assert [machine.control_plane for machine in cluster.machines] == [True, False, False, False]


@pytest.mark.parametrize("workers", [0, 1, 3, 250, 5000])
def test_no_two_machines_share_an_address_or_a_pod_range_or_an_identity(workers: int) -> None:
    machines = plan_topology("lab", "1.33.4", workers=workers, control_planes=3).machines
    for what in ("name", "internal_ip", "pod_cidr", "machine_id", "boot_id", "system_uuid"):
        assert len({getattr(machine, what) for machine in machines}) == len(machines), what


def test_the_same_seed_gives_the_same_machines_and_another_seed_others() -> None:
    first, same, other = (plan_topology("lab", "1.33.4", seed=seed) for seed in (1, 1, 2))
    assert first == same
    assert first.machines[0].machine_id != other.machines[0].machine_id


@pytest.mark.parametrize("name", ["", "-a", "A", "a_b", "a" * 43, "../x", "a/b"])
def test_a_name_that_could_not_be_a_folder_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        plan_topology(name, "1.33.4")


@pytest.mark.parametrize(
    ("given", "full"), [("1.33", "1.33.4"), ("v1.34.2", "1.34.2"), ("1.27", "1.27.16"), (" 1.35.0 ", "1.35.0")]
)
def test_a_minor_stands_for_its_latest_patch(given: str, full: str) -> None:
    assert releases.parse_version(given) == full


@pytest.mark.parametrize("text", ["1.26", "1.99", "2.0", "latest", "", "1.33.4-rc.0"])
def test_a_version_that_cannot_be_played_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cannot play"):
        releases.parse_version(text)


@pytest.mark.parametrize(
    ("version", "tag"),
    [
        ("1.33.4", "3.5.21-0"),
        ("1.33.6", "3.5.24-0"),
        ("1.34.1", "3.6.4-0"),
        ("1.34.2", "3.6.5-0"),
        ("1.35.0", "3.6.6-0"),
    ],
)
def test_etcd_comes_in_the_version_that_kubeadm_writes(version: str, tag: str) -> None:
    assert releases.etcd_tag(version) == tag


@given(st.integers(27, 36), st.integers(0, 40))
def test_every_release_has_all_its_images(minor: int, patch: int) -> None:
    version = releases.parse_version(f"1.{minor}.{patch}")
    assert releases.etcd_tag(version)
    assert releases.coredns_tag(version)
    assert releases.pause_tag(version)
    assert releases.monitor_grace_seconds(version) == (40 if minor < 32 else 50)
