"""What a cordon would do, and what stops it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kconsole.errors import KconsoleError
from kconsole.model.cordons import note
from kconsole.model.nodes import Node
from kconsole.plan.cordon import plan_cordon
from kconsole.plan.steps import Cordon, Plan, Uncordon, plan_to_json
from parts.nodes import NOW, node, picture

ME = "jane@bastion"
THREE = picture(node("w1"), node("w2"), node("w3", cordoned=True))


def cordon(*names: str, of: dict[str, Node] | None = None, **more: Any) -> Plan:
    return plan_cordon("cordon", names, of or THREE, context="prod", by=ME, **more)


def uncordon(*names: str, of: dict[str, Node] | None = None, **more: Any) -> Plan:
    return plan_cordon("uncordon", names, of or THREE, context="prod", by=ME, **more)


def guard(plan: Plan, name: str) -> str:
    return next(g.status for g in plan.guards if g.id == name)


def test_each_node_is_one_step_in_the_order_asked_for_and_only_once() -> None:
    assert [s.node for s in cordon("w2", "w1", "w2").steps] == ["w2", "w1"]


def test_a_node_that_is_already_so_is_named_and_left_alone() -> None:
    plan = cordon("w1", "w3")
    assert [s.node for s in plan.steps] == ["w1"]
    assert plan.already == ("w3",)


def test_one_unknown_name_stops_it_all_and_says_which_nodes_there_are() -> None:
    with pytest.raises(KconsoleError, match=r"There is no node w9\..*w1, w2, w3"):
        cordon("w1", "w9")


def test_the_command_is_the_kubectl_line_with_its_context() -> None:
    assert cordon("w2", "w1").command == "kubectl --context prod cordon w2 w1"
    assert cordon("w3").command == ""


def test_a_missing_permission_blocks_and_an_unknown_one_warns() -> None:
    assert cordon("w1", may_patch=False).refused
    assert guard(cordon("w1", may_patch=None), "permission") == "warn"
    assert not cordon("w1").refused


@pytest.mark.parametrize("mode", ["read-only", "protected"])
def test_a_run_that_may_not_write_refuses(mode: Any) -> None:
    assert cordon("w1", mode=mode).refused


def test_cordoning_the_last_node_that_takes_pods_warns() -> None:
    tainted = node("cp1", taints=[{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}])
    cluster = picture(node("w1"), node("w2", ready="False"), tainted, node("w3", cordoned=True))
    assert guard(cordon("w1", of=cluster), "last-schedulable") == "warn"
    assert guard(cordon("w1"), "last-schedulable") == "pass"


def test_uncordoning_somebody_elses_cordon_names_them_and_their_reason() -> None:
    theirs = node("w1", cordoned=True, annotations=note("bob@bastion", NOW, "disk swap"))
    plan = uncordon("w1", of=picture(theirs))
    assert guard(plan, "cordoned-by-others") == "warn"
    assert "bob@bastion: disk swap" in " ".join(g.message for g in plan.guards)


def test_uncordoning_my_own_cordon_does_not_warn() -> None:
    mine = node("w1", cordoned=True, annotations=note(ME, NOW, None))
    assert guard(uncordon("w1", of=picture(mine)), "cordoned-by-others") == "pass"


def test_uncordoning_a_node_that_is_not_ready_warns() -> None:
    assert guard(uncordon("w1", of=picture(node("w1", cordoned=True, ready="Unknown"))), "node-ready") == "warn"


def test_the_hash_stays_while_only_counts_and_times_change() -> None:
    later = picture(node("w1", ready_ago=NOW - NOW), *[node(f"x{i}") for i in range(9)])
    assert cordon("w1").hash == cordon("w1", of=later).hash


def test_the_hash_changes_with_the_machine_the_reason_and_a_guard() -> None:
    base = cordon("w1").hash
    assert cordon("w1", of=picture(node("w1", uid="another"), node("w2"))).hash != base
    assert cordon("w1", reason="disk").hash != base
    assert cordon("w1", of=picture(node("w1"))).hash != base


def test_a_plan_survives_the_journal() -> None:
    for plan in (cordon("w1", "w2", reason="disk"), uncordon("w3")):
        again = msgspec.json.decode(msgspec.json.encode(plan), type=Plan)
        assert again == plan
        assert again.hash == plan.hash


def test_the_json_of_a_plan_has_the_fields_scripts_rely_on() -> None:
    shown = plan_to_json(cordon("w1"))
    assert shown["steps"] == [
        {
            "id": "1-w1",
            "kind": "Cordon",
            "node": "w1",
            "title": "Cordon w1: no new pods are placed on it; running pods stay.",
            "command": "kubectl --context prod cordon w1",
        }
    ]
    assert shown["refused"] is False
    assert {"id", "status", "message"} == set(shown["guards"][0])


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["True", "False", "Unknown", None])), min_size=1, max_size=6))
def test_a_plan_touches_exactly_the_nodes_that_are_not_yet_so(states: list[tuple[bool, str | None]]) -> None:
    cluster = picture(*[node(f"n{i}", cordoned=c, ready=r) for i, (c, r) in enumerate(states)])
    for action, kind in (("cordon", Cordon), ("uncordon", Uncordon)):
        plan = plan_cordon(action, list(cluster), cluster, context="", by=ME)  # type: ignore[arg-type]
        assert {s.node for s in plan.steps} | set(plan.already) == set(cluster)
        assert all(isinstance(s, kind) for s in plan.steps)
        assert all(cluster[s.node].unschedulable is (action == "uncordon") for s in plan.steps)
