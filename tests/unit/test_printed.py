"""What a real API server printed of odd nodes and pods, held against ours: recorded from kube-apiserver v1.33.5.

`kconsole nodes` and the built-in cluster's tables print by the same rules, and this recording is their judge.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.tables.render import rows, table
from kconsole.model import nodes, pods

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "printed-by-1.33.5.json").read_text())
NOW = datetime(2026, 12, 1, tzinfo=timezone.utc)


def named(entries: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(e["object"], e["cells"], id=e["cells"]["Name"]) for e in entries]


@pytest.mark.parametrize(("obj", "printed"), named(RECORDED["nodes"]))
def test_the_model_says_of_a_node_what_the_server_printed(obj: dict[str, Any], printed: dict[str, str]) -> None:
    node = nodes.decode_node(json.dumps(obj).encode())
    assert nodes.status_text(node) == printed["Status"]
    assert (",".join(nodes.roles(node)) or "<none>") == printed["Roles"]
    assert node.info.kubelet_version == printed["Version"]
    assert (nodes.address(node, "InternalIP") or "<none>") == printed["Internal-IP"]
    assert (nodes.address(node, "ExternalIP") or "<none>") == printed["External-IP"]


@pytest.mark.parametrize(("obj", "printed"), named(RECORDED["pods"]))
def test_the_model_says_of_a_pod_what_the_server_printed(obj: dict[str, Any], printed: dict[str, str]) -> None:
    pod = pods.decode_pod(json.dumps(obj).encode())
    assert pods.status_text(pod) == printed["Status"]
    assert "{}/{}".format(*pods.ready_count(pod)) == printed["Ready"]
    assert str(pods.restarts(pod)) == printed["Restarts"]


@pytest.mark.parametrize("plural", ["nodes", "pods"])
def test_the_built_in_cluster_prints_what_the_server_printed(plural: str) -> None:
    entries = RECORDED[plural]
    resource = RESOURCES[plural]
    printed = rows(resource, [e["object"] for e in entries], NOW, version="v1", include="None")
    made = json.loads(table(resource, {}, printed, version="v1"))
    titles = [column["name"] for column in made["columnDefinitions"]]
    for row, entry in zip(made["rows"], entries, strict=True):
        ours = dict(zip(titles, map(str, row["cells"]), strict=True))
        assert {title: ours[title] for title in entry["cells"]} == entry["cells"]
