"""Where a pod may go, where it goes, and the words for why it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kconsole.lab.controllers.lost_nodes import patience
from kconsole.lab.quantities import amount
from kconsole.lab.scheduling.facts import NodeFacts, node_facts, pod_facts, requests
from kconsole.lab.scheduling.filters import matches_term, tolerates
from kconsole.lab.scheduling.placing import place
from kconsole.lab.seeds.pod_objects import admitted, pinned, pinned_to, tolerant

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
CONTROL_PLANE = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


def node(name: str, *, zone: str = "a", cpu: str = "4", taints: Any = (), cordoned: bool = False) -> NodeFacts:
    allocatable = {"cpu": cpu, "memory": "8Gi", "pods": "110"}
    spec = {"taints": list(taints), "unschedulable": cordoned}
    labels = {HOST: name, ZONE: zone}
    return node_facts(
        {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": {"allocatable": allocatable}}
    )


def pod(name: str = "p", *, cpu: str = "100m", labels: Mapping[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    container = {"name": "a", "image": "a:1", "resources": {"requests": {"cpu": cpu}}}
    metadata = {"name": name, "namespace": "shop", "labels": dict(labels or {"app": "web"})}
    return {"metadata": metadata, "spec": {"containers": [container], **spec}}


def run(where: NodeFacts, *pods: dict[str, Any]) -> NodeFacts:
    for one in pods:
        where.put(pod_facts({**one, "spec": {**one["spec"], "nodeName": where.name}}))
    return where


def placed(one: dict[str, Any], *nodes: NodeFacts, crowd: Mapping[str, int] | None = None) -> str:
    found = place(one, pod_facts(one), nodes, crowd=crowd or {}, pick=min)
    return found.node or found.message


@pytest.mark.parametrize(
    ("text", "thousandths"),
    [("1", 1000), ("250m", 250), ("1.5", 1500), ("1Ki", 1_024_000), ("2k", 2_000_000), ("1e3", 1_000_000), ("x", 0)],
)
def test_amounts_are_read_as_the_api_writes_them(text: str, thousandths: int) -> None:
    assert amount(text) == thousandths


def test_the_words_for_no_room_are_those_of_a_real_scheduler() -> None:
    nodes = [node("cp1", taints=[CONTROL_PLANE]), node("w1"), node("w2"), node("w3", cordoned=True)]
    assert placed(pod(cpu="64"), *nodes) == (
        "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: },"
        " 1 node(s) were unschedulable, 2 Insufficient cpu. preemption: 0/4 nodes are available:"
        " 2 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling."
    )


def test_a_selector_no_node_has_is_told() -> None:
    told = placed(pod(nodeSelector={"disk": "fast"}), node("w1"), node("w2"))
    assert told.startswith("0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. preemption:")


def test_what_runs_on_a_node_takes_room_and_gives_it_back() -> None:
    full = run(node("w1", cpu="1"), pod("a", cpu="900m"))
    assert "1 Insufficient cpu" in placed(pod(cpu="200m"), full)
    full.remove("shop/a")
    assert placed(pod(cpu="200m"), full) == "w1"


def test_a_node_takes_no_more_pods_than_its_kubelet() -> None:
    small = node("w1")
    small.holds = {**small.holds, "pods": 1000}
    assert "1 Too many pods" in placed(pod(), run(small, pod("a")))


def test_init_containers_count_by_the_hungriest() -> None:
    spec = pod(cpu="200m")["spec"] | {
        "initContainers": [{"resources": {"requests": {"cpu": cpu}}} for cpu in ("1", "2")]
    }
    assert requests(spec)["cpu"] == 2000


def test_pods_of_a_kind_are_kept_apart_and_room_decides_between_equals() -> None:
    assert placed(pod(), node("w1"), node("w2"), crowd={"w1": 1}) == "w2"
    assert placed(pod(), run(node("w1"), pod("a", cpu="3")), node("w2")) == "w2"


def test_what_a_pod_prefers_outweighs_spreading() -> None:
    term = {"matchExpressions": [{"key": HOST, "operator": "In", "values": ["w1"]}]}
    wish = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": term}]}
    assert placed(pod(affinity={"nodeAffinity": wish}), node("w1"), node("w2"), crowd={"w1": 5}) == "w1"


def anti(key: str = HOST, app: str = "web") -> dict[str, Any]:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def test_anti_affinity_holds_both_ways() -> None:
    held = run(node("w1"), pod("a", affinity=anti()))
    assert "1 node(s) didn't match pod anti-affinity rules" in placed(pod(affinity=anti()), held)
    assert "1 node(s) didn't satisfy existing pods anti-affinity rules" in placed(pod(), held)
    assert placed(pod(labels={"app": "db"}), held) == "w1"
    zones = [run(node("w1", zone="a"), pod("a")), node("w2", zone="a"), node("w3", zone="b")]
    assert placed(pod(affinity=anti(ZONE)), *zones) == "w3"


def test_affinity_wants_company_but_the_first_of_its_kind_may_be_alone() -> None:
    term = {"topologyKey": ZONE, "labelSelector": {"matchLabels": {"app": "web"}}}
    near = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    assert placed(pod(affinity=near), node("w1")) == "w1"
    stranger = pod(labels={"app": "db"}, affinity=near)
    assert "1 node(s) didn't match pod affinity rules" in placed(stranger, node("w1"))
    assert placed(stranger, node("w1", zone="a"), run(node("w2", zone="b"), pod("a"))) == "w2"


def test_spread_keeps_zones_within_the_skew() -> None:
    constraint = {
        "maxSkew": 1,
        "topologyKey": ZONE,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    spread = pod(topologySpreadConstraints=[constraint])
    one = run(node("w1", zone="a"), pod("a"))
    assert placed(spread, one, node("w2", zone="b")) == "w2"
    told = placed(spread, one, node("w2", zone="b", cordoned=True))
    assert "1 node(s) didn't match pod topology spread constraints" in told
    bare = node("w3")
    bare.labels = {}
    assert "(missing required label)" in placed(spread, bare)


def test_a_daemon_pod_goes_to_its_node_alone_even_when_that_is_cordoned() -> None:
    cordon = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    here = node("w1", cordoned=True, taints=[cordon])
    spec = pinned(tolerant(pod()["spec"]), "w1")
    assert pinned_to(spec) == "w1"
    assert placed(pod() | {"spec": spec}, node("w2"), here) == "w1"
    assert "node(s) didn't satisfy plugin(s) [NodeAffinity]" in placed(pod() | {"spec": spec}, node("w2"))


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "team", "operator": "Exists"}, True),
        ({"key": "team", "value": "a"}, True),
        ({"key": "team", "value": "b"}, False),
        ({"key": "team", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"value": "a"}, False),
    ],
)
def test_which_tolerations_cover_a_taint(toleration: dict[str, Any], expected: bool) -> None:
    assert tolerates(toleration, {"key": "team", "value": "a", "effect": "NoSchedule"}) is expected


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("In", ["a"], True),
        ("NotIn", ["a"], False),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
        ("Gt", ["1"], False),
    ],
)
def test_node_terms(operator: str, values: list[str], expected: bool) -> None:
    assert (
        matches_term({"matchExpressions": [{"key": ZONE, "operator": operator, "values": values}]}, node("w1"))
        is expected
    )
    assert not matches_term({}, node("w1"))


def test_how_long_a_pod_bears_a_lost_node() -> None:
    lost = [{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]
    assert patience(lost, admitted({})["tolerations"]) == 300
    assert patience(lost, tolerant({})["tolerations"]) is None
    assert patience(lost, []) == 0
    assert patience([CONTROL_PLANE], []) is None


def test_admission_leaves_alone_what_somebody_decided() -> None:
    own = {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}
    found = admitted({"tolerations": [own], "serviceAccountName": "robot"})
    assert [one.get("tolerationSeconds") for one in found["tolerations"]] == [5, 300]
    assert found["serviceAccountName"] == "robot"
    assert admitted({"tolerations": [{"operator": "Exists"}]})["tolerations"] == [{"operator": "Exists"}]
