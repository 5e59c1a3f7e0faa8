"""The built-in cluster on real etcd: what is written is there, and what happens when etcd or the API is not."""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from kconsole.lab.access import ApiAway
from kconsole.lab.apiserver.backends import Unavailable
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.cluster import Cluster
from kconsole.lab.etcd import _candidates
from parts.labs import Start, until

NODES = RESOURCES["nodes"]
BINARIES = _candidates(os.environ)
ON_PATH = shutil.which("etcd", path="/usr/bin:/usr/local/bin")

pytestmark = [
    pytest.mark.skipif(not BINARIES, reason="no etcd program"),
    # Python 3.10's TLS client warns when the server hangs up on it.
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <function _SSLProtocolTransport:pytest.PytestUnraisableExceptionWarning"
    ),
]


def label(node: dict[str, Any]) -> dict[str, Any]:
    node["metadata"]["labels"]["tested"] = "yes"
    return node


def labelled(cluster: Cluster) -> list[str]:
    return [node["metadata"]["name"] for node in cluster.running.registry.list(NODES, labels="tested=yes")]


def use_etcd_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kconsole.lab.etcd._candidates", lambda environ: [Path(str(ON_PATH))])


@pytest.fixture(params=["newest", pytest.param("on-path", marks=pytest.mark.skipif(not ON_PATH, reason="none there"))])
def each_etcd(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "on-path":
        use_etcd_on_path(monkeypatch)
    return str(request.param)


async def test_an_api_server_that_starts_again_has_everything_from_etcd(each_etcd: str, lab_factory: Start) -> None:
    cluster = await lab_factory(memory=False, workers=1)
    running = cluster.running
    await running.registry.change(NODES, None, "w1", label)
    static = running.static_pods["cp1"]
    await static.hold("kube-apiserver")
    assert not running.api.up.is_set()
    running.store.shelf(NODES).replace_all([])  # what the API server knew dies with it
    await static.release("kube-apiserver")
    await until(running.api.up.is_set, "the API is back")
    assert labelled(cluster) == ["w1"]


async def test_with_etcd_killed_reads_go_on_and_writes_fail_until_it_is_back(
    each_etcd: str, lab_factory: Start
) -> None:
    cluster = await lab_factory(memory=False, workers=1)
    running = cluster.running
    first = running.control_plane.members["cp1"].pid
    await running.static_pods["cp1"].hold("etcd")
    with pytest.raises(ApiAway):
        await running.api.change("nodes", None, "w1", label)
    assert len(running.api.list("nodes")) == 2
    await running.static_pods["cp1"].release("etcd")
    await until(lambda: running.static_pods["cp1"].is_ready("etcd"), "etcd serves again")
    await running.api.change("nodes", None, "w1", label)
    assert labelled(cluster) == ["w1"]
    assert running.control_plane.members["cp1"].pid != first


async def test_etcd_killed_by_a_power_failure_is_started_again_by_its_kubelet(lab_factory: Start) -> None:
    cluster = await lab_factory(memory=False, workers=1)
    members = cluster.running.control_plane.members
    first = members["cp1"].pid
    members["cp1"].kill()
    await until(lambda: "cp1" in members and members["cp1"].pid != first, "another etcd runs")
    await until(lambda: cluster.running.static_pods["cp1"].is_ready("etcd"), "it serves")
    await cluster.running.api.change("nodes", None, "w1", label)


async def test_three_control_planes_go_on_with_one_etcd_member_and_its_api_server_stopped(lab_factory: Start) -> None:
    cluster = await lab_factory(memory=False, control_planes=3, workers=1)
    running = cluster.running
    assert sorted(running.control_plane.members) == ["cp1", "cp2", "cp3"]
    await running.static_pods["cp1"].hold("etcd")
    await running.static_pods["cp1"].hold("kube-apiserver")

    async def write() -> bool:
        try:
            return await running.api.change("nodes", None, "w1", label) is not None
        except ApiAway:  # the others elect a leader first
            return False

    await until(write, "a write succeeds on two of three members")
    assert labelled(cluster) == ["w1"]


async def test_a_kept_cluster_comes_back_with_its_objects_and_certificates(lab_factory: Start, tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    first = await lab_factory(memory=False, workers=2, keep=keep)
    node = (await first.running.registry.change(NODES, None, "w2", label))["metadata"]
    ca = (first.folder.node("cp1") / "etc/kubernetes/pki/ca.crt").read_bytes()
    server = first.plan.server
    await first.down()
    again = await lab_factory(memory=False, keep=keep)
    assert labelled(again) == ["w2"]
    assert (await again.running.registry.get(NODES, None, "w2"))["metadata"]["uid"] == node["uid"]
    assert [m.name for m in again.plan.topology.workers] == ["w1", "w2"]
    assert (again.folder.node("cp1") / "etc/kubernetes/pki/ca.crt").read_bytes() == ca
    assert again.plan.server == server


async def test_a_data_dir_that_nothing_mounts_comes_up_empty_and_the_old_one_comes_back(lab_factory: Start) -> None:
    cluster = await lab_factory(memory=False, workers=1)
    running, static = cluster.running, cluster.running.static_pods["cp1"]
    manifest = cluster.folder.node("cp1") / "etc/kubernetes/manifests/etcd.yaml"
    right = manifest.read_text()
    await static.hold("kube-apiserver")
    manifest.write_text(right.replace("--data-dir=/var/lib/etcd", "--data-dir=/var/lib/etcd-new"))
    await static.sync()
    await static.release("kube-apiserver")
    await until(running.api.up.is_set, "the API is back")
    assert running.registry.list(NODES) == []
    await static.hold("kube-apiserver")
    manifest.write_text(right)
    await static.sync()
    await static.release("kube-apiserver")
    await until(running.api.up.is_set, "the API is back")
    assert [node["metadata"]["name"] for node in running.registry.list(NODES)] == ["cp1", "w1"]


async def test_reset_begins_anew_at_the_same_address_with_the_same_authority(lab_factory: Start) -> None:
    cluster = await lab_factory(memory=False, workers=1)
    kubeconfig, server = cluster.kubeconfig.read_bytes(), cluster.plan.server
    await cluster.running.registry.change(NODES, None, "w1", label)
    await cluster.reset()
    assert labelled(cluster) == []
    assert (cluster.plan.server, cluster.kubeconfig.read_bytes()) == (server, kubeconfig)


async def test_what_was_overwritten_minutes_ago_is_forgotten(lab_factory: Start) -> None:
    cluster = await lab_factory(memory=False, workers=1)
    running = cluster.running
    backend = running.backend
    assert backend is not None
    key = base64.b64encode(b"/registry/minions/w1").decode()
    past = {"key": key, "revision": str(running.store.revision)}
    await backend._ask("range", past, 5.0)
    await running.registry.change(NODES, None, "w1", label)
    running.clock.set_speed(1000)

    async def forgotten() -> bool:
        try:
            await backend._ask("range", past, 5.0)
        except Unavailable as refusal:
            return "compacted" in str(refusal)
        return False

    await until(forgotten, "compaction")
    running.clock.set_speed(1)
    assert labelled(cluster) == ["w1"]
