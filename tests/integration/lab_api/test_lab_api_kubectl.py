"""Real kubectl is the judge: what people type, on the oldest and newest minor (in the whole matrix on every one)."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

from kconsole.lab.apiserver.resources import RESOURCES

OLDEST, NEWEST = "1.27.16", "1.33.4"
BETWEEN = ("1.28.15", "1.29.14", "1.30.14", "1.31.12", "1.32.8")
NODE, POD = RESOURCES["nodes"], RESOURCES["pods"]
HELLO = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "hello", "namespace": "default"},
    "spec": {"containers": [{"name": "main", "image": "web:1"}]},
}


CLIENTS: dict[str, str] = {}
"""The minor of the client that runs against a server of each version, once it is known."""


@pytest.fixture(
    params=[OLDEST, *(pytest.param(version, marks=pytest.mark.exhaustive) for version in BETWEEN), NEWEST], autouse=True
)
async def version(request: pytest.FixtureRequest, api: Any, kubectl: Any) -> str:
    """The server says it is of this version; skipped where there is no client of that minor."""
    wanted = str(request.param)
    api.listener.version = wanted
    if wanted not in CLIENTS:
        found = json.loads((await kubectl("version", "-o", "json")).out)
        assert found["serverVersion"]["gitVersion"] == f"v{wanted}"
        CLIENTS[wanted] = found["clientVersion"]["minor"].rstrip("+")
    minor = wanted.split(".")[1]
    if CLIENTS[wanted] != minor:
        pytest.skip(f"there is no kubectl 1.{minor} here (the one there is is 1.{CLIENTS[wanted]})")
    api.journal.clear()
    return wanted


async def spec_of(api: Any, name: str) -> Any:
    return (await api.registry.get(NODE, None, name))["spec"]


async def labels_of(api: Any, name: str) -> Any:
    return (await api.registry.get(NODE, None, name))["metadata"].get("labels")


def columns(text: str) -> list[list[str]]:
    return [re.split(r"\s{2,}", line.strip()) for line in text.strip().splitlines()]


async def test_get_nodes_prints_the_table(kubectl: Any) -> None:
    ran = await kubectl("get", "nodes")
    header, *rows = columns(ran.out)
    assert header == ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]
    assert [(row[0], row[1], row[2], row[4]) for row in rows] == [
        ("cp1", "Ready", "control-plane", "v1.33.4"),
        ("w1", "Ready", "<none>", "v1.33.4"),
        ("w2", "Ready", "<none>", "v1.33.4"),
    ]
    wide = columns((await kubectl("get", "no", "-o", "wide")).out)
    assert wide[0][5:] == ["INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"]
    assert wide[1][5:] == ["10.0.0.1", "<none>", "Ubuntu 24.04.1 LTS", "6.8.0", "<unknown>"]


async def test_get_gives_every_output(kubectl: Any) -> None:
    assert (await kubectl("get", "nodes", "-o", "name")).out.split() == ["node/cp1", "node/w1", "node/w2"]
    listed = json.loads((await kubectl("get", "nodes", "-o", "json")).out)
    assert [item["kind"] for item in listed["items"]] == ["Node"] * 3
    assert "kind: Node" in (await kubectl("get", "node", "w1", "-o", "yaml")).out
    path = "jsonpath={.items[*].status.nodeInfo.kubeletVersion}"
    assert (await kubectl("get", "nodes", "-o", path)).out == "v1.33.4 v1.33.4 v1.33.4"
    sort = await kubectl("get", "nodes", "--sort-by=.metadata.name", "--no-headers")
    assert [row[0] for row in columns(sort.out)] == ["cp1", "w1", "w2"]
    labelled = await kubectl(
        "get", "nodes", "-l", "kubernetes.io/hostname in (w1,w2)", "-o", "name", "--show-labels=false"
    )
    assert labelled.out.split() == ["node/w1", "node/w2"]


async def test_get_pods_of_all_namespaces_by_node(kubectl: Any) -> None:
    ran = await kubectl("get", "pods", "-A", "--field-selector", "spec.nodeName=w2", "-o", "wide")
    header, row = columns(ran.out)
    assert header[:6] == ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert row[:5] == ["shop", "web-2", "1/1", "Running", "0"]
    assert row[7] == "w2"
    refused = await kubectl("get", "pods", "-A", "--field-selector", "foo=bar")
    assert refused.code == 1
    assert "field label not supported: foo" in refused.err


async def test_what_is_not_there_is_said_so(kubectl: Any) -> None:
    missing = await kubectl("get", "node", "w9")
    assert (missing.code, missing.err.strip()) == (1, 'Error from server (NotFound): nodes "w9" not found')
    unknown = await kubectl("get", "widgets")
    assert 'the server doesn\'t have a resource type "widgets"' in unknown.err
    assert "No resources found" in (await kubectl("get", "pods")).err


async def test_describe_node_shows_its_lease_pods_and_events(kubectl: Any, api: Any) -> None:
    node = await api.registry.get(NODE, None, "w1")
    await api.registry.record_event(node, "Normal", "NodeReady", "Node w1 status is now: NodeReady", "kubelet")
    lease = {"metadata": {"name": "w1", "namespace": "kube-node-lease"}, "spec": {"holderIdentity": "w1"}}
    await api.registry.create(RESOURCES["leases"], lease)
    ran = await kubectl("describe", "node", "w1")
    assert ran.code == 0
    for words in ("HolderIdentity:  w1", "web-1", "NodeReady", "Unschedulable:      false"):
        assert words in ran.out


async def test_describe_pod(kubectl: Any) -> None:
    ran = await kubectl("describe", "pod", "-n", "shop", "web-1")
    assert ran.code == 0
    assert "Image:          web:1.2" in ran.out


async def test_cordon_and_uncordon(kubectl: Any, api: Any) -> None:
    assert (await kubectl("cordon", "w1")).out == "node/w1 cordoned\n"
    assert await spec_of(api, "w1") == {"unschedulable": True}
    assert "Ready,SchedulingDisabled" in (await kubectl("get", "node", "w1")).out
    assert "already cordoned" in (await kubectl("cordon", "w1")).out
    (patch,) = api.journal.records(verb="patch")
    assert (patch.name, patch.code) == ("w1", 200)
    assert (await kubectl("uncordon", "w1")).out == "node/w1 uncordoned\n"
    assert await spec_of(api, "w1") == {}


async def test_a_viewers_cordon_is_refused_in_words(kubectl: Any, api: Any) -> None:
    ran = await kubectl("cordon", "w1", user="viewer")
    assert 'nodes "w1" is forbidden: User "viewer" cannot patch resource "nodes"' in ran.err
    assert await spec_of(api, "w1") == {}


async def test_label_and_annotate_set_and_remove(kubectl: Any, api: Any) -> None:
    assert (await kubectl("label", "node", "w1", "team=a")).code == 0
    assert (await labels_of(api, "w1"))["team"] == "a"
    assert (await kubectl("label", "node", "w1", "team-")).code == 0
    assert "team" not in await labels_of(api, "w1")
    assert (await kubectl("annotate", "node", "w1", "note=x")).code == 0
    assert (await api.registry.get(NODE, None, "w1"))["metadata"]["annotations"] == {"note": "x"}


async def test_taints_are_added_and_removed_one_by_one(kubectl: Any, api: Any) -> None:
    for taint in ("a=1:NoSchedule", "b:NoExecute"):
        assert (await kubectl("taint", "node", "w1", taint)).code == 0
    assert sorted(taint["key"] for taint in (await spec_of(api, "w1"))["taints"]) == ["a", "b"]
    assert (await kubectl("taint", "node", "w1", "a-")).code == 0
    assert [taint["key"] for taint in (await spec_of(api, "w1"))["taints"]] == ["b"]
    assert (await kubectl("taint", "node", "w1", "b-")).code == 0
    assert await spec_of(api, "w1") == {}


async def test_dry_run_on_the_server_changes_nothing(kubectl: Any, api: Any) -> None:
    before = api.registry.store.revision
    assert (await kubectl("cordon", "w1", "--dry-run=server")).code == 0
    assert (await kubectl("label", "node", "w1", "a=b", "--dry-run=server")).code == 0
    assert (await kubectl("delete", "pod", "-n", "shop", "web-1", "--dry-run=server")).code == 0
    assert api.registry.store.revision == before


async def test_objects_are_created_applied_replaced_patched_and_deleted(kubectl: Any, api: Any) -> None:
    assert (await kubectl("create", "-f", "-", stdin=json.dumps(HELLO))).out == "pod/hello created\n"
    again = await kubectl("create", "-f", "-", stdin=json.dumps(HELLO))
    assert 'pods "hello" already exists' in again.err
    labelled: Any = {**HELLO, "metadata": {**HELLO["metadata"], "labels": {"a": "b"}}}  # type: ignore[dict-item]
    assert (await kubectl("apply", "-f", "-", stdin=json.dumps(labelled))).out == "pod/hello configured\n"
    assert (await kubectl("apply", "-f", "-", stdin=json.dumps(labelled))).out == "pod/hello unchanged\n"
    assert (await kubectl("apply", "-f", "-", stdin=json.dumps(HELLO))).out == "pod/hello configured\n"
    assert "labels" not in (await api.registry.get(POD, "default", "hello"))["metadata"]
    operation = '[{"op":"add","path":"/metadata/labels","value":{"c":"d"}}]'
    assert (await kubectl("patch", "pod", "hello", "--type=json", "-p", operation)).code == 0
    assert (await kubectl("replace", "-f", "-", stdin=json.dumps(HELLO))).code == 0
    assert (await kubectl("delete", "pod", "hello")).out.startswith('pod "hello" deleted')
    assert api.registry.list(POD, "default") == []


async def test_server_side_apply_is_refused_clearly(kubectl: Any) -> None:
    ran = await kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(HELLO))
    assert ran.code != 0
    assert "server-side apply is not supported" in ran.err


async def test_namespaces_and_config_maps_are_made(kubectl: Any) -> None:
    assert (await kubectl("create", "namespace", "extra")).code == 0
    assert (await kubectl("create", "configmap", "-n", "extra", "c", "--from-literal=a=b")).code == 0
    assert columns((await kubectl("get", "cm", "-n", "extra")).out)[1][:2] == ["c", "1"]


async def test_deleting_a_pod_waits_until_it_is_gone(kubectl: Any, api: Any) -> None:
    deletion = asyncio.ensure_future(kubectl("delete", "pod", "-n", "shop", "web-1"))
    async for kind, pod, _ in api.registry.watch(POD, "shop", fields="metadata.name=web-1"):
        if kind == "MODIFIED" and "deletionTimestamp" in pod["metadata"]:
            assert "Terminating" in (await kubectl("get", "pods", "-n", "shop")).out
            assert not deletion.done()
            await api.registry.delete(POD, "shop", "web-1", grace_seconds=0)
        if kind == "DELETED":
            break
    ran = await deletion
    assert ran.out.startswith('pod "web-1" deleted')


async def test_force_deletes_a_pod_at_once(kubectl: Any, api: Any) -> None:
    assert (await kubectl("delete", "pod", "-n", "shop", "web-1", "--grace-period=0", "--force")).code == 0
    assert [pod["metadata"]["name"] for pod in api.registry.list(POD, "shop")] == ["web-2"]


async def test_wait_for_a_condition_and_for_a_deletion(kubectl: Any, api: Any) -> None:
    assert (await kubectl("wait", "--for=condition=Ready", "node/w1", "--timeout=10s")).code == 0
    waiting = asyncio.ensure_future(kubectl("wait", "--for=delete", "node/w2", "--timeout=20s"))
    deadline = asyncio.get_running_loop().time() + 20
    while not api.journal.records(verb="watch", resource="nodes")[1:]:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)
    await api.registry.delete(NODE, None, "w2")
    assert (await waiting).code == 0
    never = await kubectl("wait", "--for=condition=Other", "node/w1", "--timeout=1s")
    assert (never.code, "timed out" in never.err) == (1, True)


async def test_a_client_that_wants_its_list_as_a_stream_gets_it(kubectl: Any, api: Any, version: str) -> None:
    ran = await kubectl(
        "wait", "--for=condition=Ready", "node/w1", "--timeout=10s", KUBE_FEATURE_WatchListClient="true"
    )
    assert ran.code == 0
    if version == NEWEST:
        assert "sendInitialEvents=true" in api.journal.records(verb="watch", resource="nodes")[0].query
        assert not any("NotOlderThan" in line for line in ran.err.splitlines())


async def test_get_watch_prints_changes_as_they_come(api: Any, kubectl_process: Any) -> None:
    process = await kubectl_process("get", "nodes", "-w")
    assert process.stdout is not None

    async def line() -> str:
        return (await asyncio.wait_for(process.stdout.readline(), 20)).decode()

    assert [(await line()).split()[0] for _ in range(4)] == ["NAME", "cp1", "w1", "w2"]

    def cordon(obj: dict[str, Any]) -> dict[str, Any]:
        return {**obj, "spec": {"unschedulable": True}}

    await api.registry.change(NODE, None, "w1", cordon)
    assert (await line()).split()[:2] == ["w1", "Ready,SchedulingDisabled"]
    process.terminate()
    await process.communicate()


async def test_events_are_listed(kubectl: Any, api: Any) -> None:
    node = await api.registry.get(NODE, None, "w1")
    for _ in range(2):
        await api.registry.record_event(node, "Warning", "Broken", "it broke", "kubelet", host="w1")
    ran = await kubectl("get", "events")
    assert columns(ran.out)[1][1:] == ["Warning", "Broken", "node/w1", "it broke"]
    assert "it broke" in (await kubectl("events", "--for", "node/w1")).out


async def test_discovery_lists_the_resources(kubectl: Any) -> None:
    ran = await kubectl("api-resources", "-o", "name")
    assert {"nodes", "pods", "namespaces", "events", "leases.coordination.k8s.io"} <= set(ran.out.split())
    assert "is running at" in (await kubectl("cluster-info")).out
    assert (await kubectl("get", "--raw", "/readyz")).out == "ok"


async def test_explain_knows_the_fields(kubectl: Any) -> None:
    ran = await kubectl("explain", "node.spec.unschedulable")
    assert ran.code == 0
    assert "cordoned" in ran.out
    assert "containerPort" in (await kubectl("explain", "pod.spec.containers.ports")).out


@pytest.mark.parametrize(("user", "may"), [("admin", True), ("operator", True), ("viewer", False)])
async def test_auth_can_i_tells_the_truth(kubectl: Any, user: str, may: bool) -> None:
    ran = await kubectl("auth", "can-i", "patch", "nodes", user=user)
    assert ran.out.strip() == ("yes" if may else "no")
    assert "nodes" in (await kubectl("auth", "can-i", "--list", user="viewer")).out


async def test_auth_whoami_names_user_and_groups(kubectl: Any, version: str) -> None:
    ran = await kubectl("auth", "whoami", user="operator")
    if version.startswith("1.27"):
        # It asks for a beta API only, which a real server of 1.27 does not serve by default either.
        assert "not enabled in the cluster" in ran.err
        return
    assert "operator" in ran.out
    assert "kconsole:operators" in ran.out


async def test_what_is_not_offered_is_refused_clearly(kubectl: Any) -> None:
    for arguments in (("top", "nodes"), ("exec", "-n", "shop", "web-1", "--", "ls")):
        ran = await kubectl(*arguments)
        assert ran.code != 0
        assert "panic" not in ran.err
        assert ran.err.strip()
