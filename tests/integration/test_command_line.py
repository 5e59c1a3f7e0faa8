"""The command-line twins against the built-in cluster: what they print, change, refuse, and how they exit."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kconsole.lab.cluster import Cluster
from kconsole.run.journal import read_journal
from parts.commands import Kconsole
from parts.labs import Kubectl, Start


@pytest.fixture
def kconsole(lab: Cluster, tmp_path: Path) -> Kconsole:
    home = tmp_path / "operator"
    home.mkdir()
    return Kconsole(lab.kubeconfig, home)


async def nodes(kconsole: Kconsole) -> dict[str, Any]:
    ended = await kconsole("nodes", "-o", "json")
    assert ended.code == 0, ended.err
    return {node["name"]: node for node in json.loads(ended.out)}


MINORS = ["1.27", *[pytest.param(f"1.{m}", marks=pytest.mark.exhaustive) for m in range(28, 33)], "1.33"]


@pytest.mark.parametrize("minor", MINORS)
async def test_nodes_prints_what_kubectl_of_that_minor_prints(
    minor: str, lab_factory: Start, kubectl: Callable[[Path], Kubectl], tmp_path: Path
) -> None:
    def without_age(table: str) -> list[list[str]]:
        rows = [line.split() for line in table.splitlines()]
        return [row[:3] + row[4:] for row in rows]

    lab = await lab_factory(version=minor, control_planes=2, workers=4)
    kubectl_of_lab, kconsole = kubectl(lab.kubeconfig), Kconsole(lab.kubeconfig, tmp_path)
    await kubectl_of_lab("cordon", "w2")
    await kubectl_of_lab("label", "node", "w3", "node-role.kubernetes.io/gpu=", "kubernetes.io/role=infra")
    ours = await kconsole("nodes", "-o", "wide")
    assert without_age(ours.out) == without_age(await kubectl_of_lab("get", "nodes", "-o", "wide"))
    assert "gpu,infra" in ours.out
    for name in ("w1", "w2", "w3", "cp1"):
        roles = next(row.split()[2] for row in ours.out.splitlines() if row.startswith(f"{name} "))
        described = await kubectl_of_lab("describe", "node", name)
        assert next(line.split()[1] for line in described.splitlines() if line.startswith("Roles:")) == roles


async def test_nodes_as_json_has_the_fields_scripts_rely_on(kconsole: Kconsole) -> None:
    found = await nodes(kconsole)
    assert set(found) == {"cp1", "w1", "w2", "w3"}
    needed = {"name", "status", "roles", "version", "schedulable", "age_seconds", "conditions", "taints"}
    assert needed <= set(found["cp1"])
    assert found["cp1"]["roles"] == ["control-plane"]
    assert found["w1"]["status"] == "Ready"


async def test_nodes_can_be_chosen_by_label(kconsole: Kconsole) -> None:
    ended = await kconsole("nodes", "-o", "json", "-l", "node-role.kubernetes.io/control-plane")
    assert [node["name"] for node in json.loads(ended.out)] == ["cp1"]
    assert "nodes" in (await kconsole("nodes", "-l", "no=such")).out.lower()
    bad = await kconsole("nodes", "-l", "a in (")
    assert bad.code == 1
    assert "Traceback" not in bad.err


async def test_a_cordon_needs_consent_and_without_a_terminal_refuses(kconsole: Kconsole) -> None:
    ended = await kconsole("cordon", "w1")
    assert ended.code == 3
    assert "--yes" in ended.err
    assert (await nodes(kconsole))["w1"]["schedulable"]
    assert kconsole.journals == []


async def test_a_plan_is_shown_and_nothing_is_changed(kconsole: Kconsole) -> None:
    ended = await kconsole("cordon", "w1", "w2", "--plan", "-o", "json")
    plan = json.loads(ended.out)
    assert ended.code == 0
    assert plan["command"] == "kubectl --context lab1 cordon w1 w2"
    assert plan["refused"] is False
    assert (await nodes(kconsole))["w1"]["schedulable"]


async def test_a_cordon_is_done_noted_journalled_and_taken_back(kconsole: Kconsole) -> None:
    ended = await kconsole("cordon", "w1", "w2", "--reason", "disk swap", "--yes")
    assert (ended.code, ended.err) == (0, "")
    assert "node/w1 cordoned" in ended.out
    found = await nodes(kconsole)
    assert [found[n]["status"] for n in ("w1", "w2", "w3")] == ["Ready,SchedulingDisabled"] * 2 + ["Ready"]
    assert found["w1"]["cordon"]["reason"] == "disk swap"
    record = read_journal(kconsole.journals[-1])
    assert [step.node for step in record.opening.plan.steps] == ["w1", "w2"]
    assert "Stopped" not in (await kconsole("uncordon", "w1", "w2", "--yes", "-o", "json")).err
    found = await nodes(kconsole)
    assert found["w1"]["schedulable"]
    assert found["w1"]["cordon"] is None


async def test_what_is_already_so_is_nothing_to_do(kconsole: Kconsole) -> None:
    ended = await kconsole("uncordon", "w1")
    assert ended.code == 0
    assert "w1" in ended.out
    assert kconsole.journals == []


async def test_a_user_without_the_permission_is_refused_before_anything_is_sent(kconsole: Kconsole) -> None:
    ended = await kconsole("cordon", "w1", "--yes", "--context", "lab1-viewer")
    assert ended.code == 3
    assert "patch nodes" in ended.err


async def test_the_flags_of_the_cluster_may_stand_before_or_behind_the_command(kconsole: Kconsole) -> None:
    before = await kconsole("--context", "lab1-viewer", "cordon", "w1", "--yes")
    behind = await kconsole("cordon", "w1", "--yes", "--context", "lab1-viewer")
    assert (before.code, before.err) == (behind.code, behind.err)


async def test_an_unknown_node_fails_and_nothing_is_changed(kconsole: Kconsole) -> None:
    ended = await kconsole("cordon", "w1", "w9", "--yes")
    assert ended.code == 1
    assert "w9" in ended.err
    assert (await nodes(kconsole))["w1"]["schedulable"]


@pytest.mark.parametrize("words", [("cordon",), ("nodes", "-o", "yaml"), ("frobnicate",), ("--nonsense",)])
async def test_wrong_usage_exits_with_2(kconsole: Kconsole, words: tuple[str, ...]) -> None:
    ended = await kconsole(*words)
    assert ended.code == 2
    assert "usage" in ended.err


async def test_a_protected_context_is_read_only_until_unlocked_with_a_reason(kconsole: Kconsole) -> None:
    kconsole.configure('protected = ["lab*"]\n')
    assert (await kconsole("cordon", "w1", "--yes")).code == 3
    assert (await kconsole("cordon", "w1", "--yes", "--unlock", " ")).code == 2
    assert (await kconsole("cordon", "w1", "--yes", "--unlock", "INC-7")).code == 0
    assert read_journal(kconsole.journals[-1]).opening.unlocked == "INC-7"
    assert (await nodes(kconsole))["w1"]["schedulable"] is False


async def test_read_only_wins_over_everything(kconsole: Kconsole) -> None:
    ended = await kconsole("cordon", "w1", "--yes", "--unlock", "INC-7", "--read-only")
    assert ended.code == 3
    assert "read-only" in ended.err


async def test_a_broken_configuration_stops_a_change_and_names_the_line(kconsole: Kconsole) -> None:
    kconsole.configure('theme = "dark"\nprotectd = ["lab"]\n')
    ended = await kconsole("cordon", "w1", "--yes")
    assert ended.code == 2
    assert "config.toml:2" in ended.err
    assert (await nodes(kconsole))["w1"]["schedulable"]


async def test_a_refusal_in_the_middle_stops_part_way_and_lists_what_was_changed(
    kconsole: Kconsole, lab: Cluster
) -> None:
    lab.running.faults.add("error=500,verb=patch,resource=nodes,times=1")
    ended = await kconsole("cordon", "w1", "w2", "--yes")
    assert ended.code == 4
    assert "node/w1 failed" in ended.err
    assert "Changed: w2" in ended.err


async def test_watching_goes_on_with_each_change_until_interrupted(kconsole: Kconsole) -> None:
    process = await kconsole.start("nodes", "--watch", "-o", "json")
    assert process.stdout is not None
    names = {json.loads(await asyncio.wait_for(process.stdout.readline(), 30))["name"] for _ in range(4)}
    assert names == {"cp1", "w1", "w2", "w3"}
    assert (await kconsole("cordon", "w3", "--yes")).code == 0
    while True:
        changed = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        if changed["name"] == "w3" and not changed["schedulable"]:
            break
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130
    assert b"Traceback" not in err


async def test_on_a_terminal_the_question_is_asked_and_no_is_respected(kconsole: Kconsole) -> None:
    for answer, code, schedulable in (("\n", 3, True), ("yes\n", 0, False)):
        master, slave = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "kconsole", "cordon", "w1"),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=kconsole.environ(),
        )
        os.close(slave)
        said = b""
        while b"[y/N]" not in said:
            said += await asyncio.to_thread(os.read, master, 4096)
        os.write(master, answer.encode())
        assert await asyncio.wait_for(process.wait(), 30) == code
        os.close(master)
        assert (await nodes(kconsole))["w1"]["schedulable"] is schedulable


async def test_without_a_terminal_the_console_says_what_else_there_is(kconsole: Kconsole) -> None:
    ended = await kconsole()
    assert ended.code == 2
    assert "kconsole nodes" in ended.err


async def test_every_setting_is_explained_by_the_command(kconsole: Kconsole) -> None:
    ended = await kconsole("config", "--explain")
    assert ended.code == 0
    assert "protected = []" in ended.out


async def test_an_unreachable_cluster_is_one_sentence(kconsole: Kconsole, lab: Cluster) -> None:
    await lab.down()
    ended = await kconsole("nodes", "--kubeconfig", str(kconsole.kubeconfig))
    assert ended.code == 1
    assert "Traceback" not in ended.err


async def test_watching_says_when_the_cluster_is_lost_and_when_it_is_live_again(
    kconsole: Kconsole, lab: Cluster
) -> None:
    process = await kconsole.start("nodes", "--watch")
    assert process.stdout is not None
    assert process.stderr is not None
    while b"w3" not in await asyncio.wait_for(process.stdout.readline(), 30):
        pass
    await lab.running.static_pods["cp1"].hold("kube-apiserver")
    assert await asyncio.wait_for(process.stderr.readline(), 30)
    await lab.running.static_pods["cp1"].release("kube-apiserver")
    while b"Live again" not in await asyncio.wait_for(process.stderr.readline(), 60):
        pass
    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.communicate(), 30)


async def test_a_group_is_claimed_together_with_a_user(kconsole: Kconsole) -> None:
    ended = await kconsole("nodes", "--as-group", "x")
    assert ended.code == 2
    assert (await kconsole("nodes", "--as", "jane", "--as-group", "kconsole:viewers")).code == 0
