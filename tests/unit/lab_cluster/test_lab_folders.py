"""The lab's folder: one holder, nothing left, nothing of others touched; and scopes that lose no failure."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kconsole.errors import KconsoleError, UsageError
from kconsole.lab.ground import birth
from kconsole.lab.ground.birth import Options
from kconsole.lab.ground.folders import LabFolder, Lock, labs_folder, read_state, wait_until_gone, write_private
from kconsole.lab.ground.pki_files import ClusterPki
from kconsole.lab.scope import Scope, gather_all


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_RUNTIME_DIR": str(tmp_path)}


def test_a_name_is_held_by_one_and_free_again_after(environ: dict[str, str], tmp_path: Path) -> None:
    first = LabFolder("lab", environ=environ)
    first.take()
    with pytest.raises(KconsoleError, match=f"process {os.getpid()}"):
        LabFolder("lab", environ=environ).take()
    other = LabFolder("other", environ=environ)
    other.take()
    first.give_back()
    LabFolder("lab", environ=environ).take()
    assert other.path.is_dir()


def test_everything_is_gone_after_the_last_one(environ: dict[str, str], tmp_path: Path) -> None:
    folder = LabFolder("lab", environ=environ)
    folder.take()
    folder.write_state({"control": "x"})
    assert read_state("lab", environ) == {"control": "x"}
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert (folder.path / "lab.json").stat().st_mode & 0o777 == 0o600
    folder.give_back()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KconsoleError, match="No lab 'lab' is running"):
        read_state("lab", environ)


def test_what_a_dead_holder_left_is_cleaned_up(environ: dict[str, str]) -> None:
    folder = LabFolder("lab", environ=environ)
    script = (
        "import sys, os; from kconsole.lab.ground.folders import LabFolder\n"
        f"folder = LabFolder('lab', environ={environ!r}); folder.take()\n"
        "(folder.path / 'left').touch(); os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    assert (folder.path / "left").exists()
    folder.take()
    assert not (folder.path / "left").exists()


def test_a_folder_that_others_could_use_is_not_used(environ: dict[str, str]) -> None:
    base = labs_folder(environ).parent
    base.mkdir(mode=0o755)
    base.chmod(0o755)
    with pytest.raises(KconsoleError, match="only you can use"):
        LabFolder("lab", environ=environ).take()


def test_a_kept_folder_is_held_once_too_and_stays(environ: dict[str, str], tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    first = LabFolder("one", keep, environ=environ)
    first.take()
    with pytest.raises(KconsoleError, match="running already"):
        LabFolder("two", keep, environ=environ).take()
    LabFolder("two", environ=environ).take()
    (keep / "nodes").mkdir()
    first.give_back()
    assert [path.name for path in keep.iterdir()] == ["nodes"]


def test_a_lock_whose_file_was_replaced_is_not_believed(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.take() == 0
    assert second.take() == os.getpid()
    first.give_back()
    assert second.take() == 0
    assert (tmp_path / "lock").read_text().strip() == str(os.getpid())


def test_waiting_for_a_lab_that_stays_gives_up_with_a_sentence(environ: dict[str, str]) -> None:
    LabFolder("lab", environ=environ).take()
    with pytest.raises(KconsoleError, match="has not ended yet"):
        wait_until_gone("lab", seconds=0.01, environ=environ)
    wait_until_gone("other", seconds=0.01, environ=environ)


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text("old and readable by all")
    path.chmod(0o644)
    write_private(path, "new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["kubeconfig"]


@pytest.fixture
def kept(environ: dict[str, str], tmp_path: Path) -> LabFolder:
    folder = LabFolder("lab", tmp_path / "kept", environ=environ)
    folder.take()
    plan = birth.plan_cluster(Options(workers=1, control_planes=2), folder)
    birth.make_files(plan, folder, ClusterPki.create())
    return folder


def test_a_kept_cluster_is_planned_as_it_was(kept: LabFolder) -> None:
    plan = birth.plan_cluster(Options(), kept)
    assert plan.kept
    assert [machine.name for machine in plan.topology.machines] == ["cp1", "cp2", "w1"]
    assert plan == birth.plan_cluster(Options(workers=1, version="1.33"), kept)


def test_a_kept_cluster_cannot_be_asked_to_be_another(kept: LabFolder) -> None:
    with pytest.raises(UsageError, match="--nodes 1"):
        birth.plan_cluster(Options(workers=5), kept)


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"options": {}}', "nonsense"])
def test_a_record_that_is_none_is_named(kept: LabFolder, record: str) -> None:
    (kept.cluster / birth.RECORD).write_text(record)
    with pytest.raises(KconsoleError, match=r"cluster\.json does not describe"):
        birth.plan_cluster(Options(), kept)


def test_a_kept_cluster_whose_port_is_taken_says_which(kept: LabFolder) -> None:
    import socket

    port = json.loads((kept.cluster / birth.RECORD).read_text())["balancer"]
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(KconsoleError, match=f"port {port}"):
            birth.plan_cluster(Options(), kept)


def test_every_node_has_its_folder_with_who_it_is(kept: LabFolder) -> None:
    release = (kept.node("w1") / "etc/os-release").read_text()
    assert 'PRETTY_NAME="Ubuntu 24.04.2 LTS"' in release
    assert (kept.node("cp2") / "etc/hostname").read_text() == "cp2\n"
    manifests = sorted(path.name for path in (kept.node("cp2") / "etc/kubernetes/manifests").iterdir())
    assert manifests == ["etcd.yaml", "kube-apiserver.yaml", "kube-controller-manager.yaml", "kube-scheduler.yaml"]
    assert list((kept.node("w1") / "etc/kubernetes/manifests").iterdir()) == []


async def test_a_scope_ends_its_tasks_and_raises_what_failed_in_it() -> None:
    ended: list[str] = []

    async def lasting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("lasting")

    async def failing() -> None:
        raise ZeroDivisionError

    async def watched() -> None:
        async with Scope() as scope:
            scope.spawn(lasting())
            scope.spawn(failing())
            await scope.failed()

    async def unwatched() -> None:
        async with Scope() as scope:
            await asyncio.wait([scope.spawn(failing())])

    with pytest.raises(ZeroDivisionError):
        await watched()
    assert ended == ["lasting"]
    with pytest.raises(ZeroDivisionError):
        await unwatched()


async def test_of_works_done_together_none_goes_on_when_one_fails() -> None:
    ended: list[str] = []

    async def lasting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("lasting")

    async def failing() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await gather_all(lasting(), failing())
    assert ended == ["lasting"]
