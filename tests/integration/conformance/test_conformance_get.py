"""`kubectl get` in every form, and what it says when there is nothing or nothing of the kind."""

from __future__ import annotations

import pytest

from parts.judging import Judged
from parts.manifests import deployment, pod

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_nodes_in_a_table_and_wide(judged: Judged) -> None:
    ran = await judged.ok("get", "nodes")
    assert ran.rows[0] == ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]
    assert set(judged.workers) < set(ran.names)
    assert {row[1] for row in ran.rows[1:]} == {"Ready"}
    wide = (await judged.ok("get", "no", "-o", "wide")).rows[0]
    assert wide[5:] == ["INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"]


async def test_the_columns_of_what_an_operator_lists(judged: Judged, namespace: str) -> None:
    columns = {
        "deployments": ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"],
        "replicasets": ["NAME", "DESIRED", "CURRENT", "READY", "AGE"],
        "statefulsets": ["NAME", "READY", "AGE"],
        "daemonsets": ["NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE", "NODE", "SELECTOR", "AGE"],
        "pdb": ["NAME", "MIN", "AVAILABLE", "MAX", "UNAVAILABLE", "ALLOWED", "DISRUPTIONS", "AGE"],
    }
    await judged.create(deployment("web"), namespace=namespace)
    await judged.ok("create", "pdb", "web", "--selector=app=web", "--min-available=1", namespace=namespace)
    for resource in ("deployments", "pdb"):
        assert (await judged.ok("get", resource, namespace=namespace)).rows[0] == columns[resource]
    for resource in ("statefulsets", "daemonsets", "replicasets"):
        found = await judged.ok("get", resource, "-A")
        if found.out:
            assert found.rows[0] == ["NAMESPACE", *columns[resource]]
    assert (await judged.ok("get", "namespaces")).rows[0] == ["NAME", "STATUS", "AGE"]
    assert (await judged.ok("get", "leases", "-n", "kube-node-lease")).rows[0] == ["NAME", "HOLDER", "AGE"]


async def test_pods_by_selector_field_and_namespace(judged: Judged, namespace: str) -> None:
    here, there = judged.workers[:2]
    await judged.create(pod("one", here), pod("two", there, labels={"tier": "back"}), namespace=namespace)
    await judged.ready("one", "two", namespace=namespace)
    ran = await judged.ok("get", "pods", "-o", "wide", namespace=namespace)
    assert ran.rows[0][:5] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert ran.rows[0][5:9] == ["IP", "NODE", "NOMINATED", "NODE"]
    assert [row[:4] for row in ran.rows[1:]] == [["one", "1/1", "Running", "0"], ["two", "1/1", "Running", "0"]]

    async def names(*words: str) -> list[str]:
        return (await judged.ok("get", "pods", *words, "-o", "name", namespace=namespace)).out.split()

    assert await names("-l", "tier=back") == ["pod/two"]
    assert await names("-l", "tier!=back") == ["pod/one"]
    assert await names("-l", "app in (one,two),!tier") == ["pod/one"]
    assert await names("--field-selector", f"spec.nodeName={there}") == ["pod/two"]
    assert await names("--field-selector", "status.phase!=Running") == []
    assert await names("--field-selector", "metadata.name=one,status.phase=Running") == ["pod/one"]
    assert await names("--sort-by=.spec.nodeName") == ["pod/one", "pod/two"]
    assert await names("--chunk-size=1") == ["pod/one", "pod/two"]
    everywhere = await judged.ok("get", "pods", "-A", "-l", "app=one", "--show-labels")
    assert everywhere.rows[0][:2] == ["NAMESPACE", "NAME"]
    assert [namespace, "one", "1/1"] in [row[:3] for row in everywhere.rows]
    columns = await judged.ok("get", "pods", "-l", "app=two", "-L", "tier", namespace=namespace)
    assert (columns.rows[0][-1], columns.rows[1][-1]) == ("TIER", "back")


async def test_every_output_tells_the_same_object(judged: Judged) -> None:
    name = judged.workers[0]
    as_json = await judged.json("get", "node", name)
    assert (as_json["kind"], as_json["apiVersion"], as_json["metadata"]["name"]) == ("Node", "v1", name)
    as_yaml = (await judged.ok("get", "node", name, "-o", "yaml")).out
    assert f"uid: {as_json['metadata']['uid']}" in as_yaml
    path = await judged.ok("get", "node", name, "-o", "jsonpath={.metadata.uid} {.status.nodeInfo.kubeletVersion}")
    assert path.out == f"{as_json['metadata']['uid']} {as_json['status']['nodeInfo']['kubeletVersion']}"
    conditions = "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}"
    assert set((await judged.ok("get", "nodes", "-o", conditions)).out.split()) == {"True"}
    custom = await judged.ok("get", "node", name, "-o", "custom-columns=N:.metadata.name,P:.status.allocatable.pods")
    assert custom.rows == [["N", "P"], [name, as_json["status"]["allocatable"]["pods"]]]
    template = await judged.ok("get", "node", name, "-o", "go-template={{.metadata.name}}")
    assert template.out == name


async def test_several_kinds_at_once(judged: Judged, namespace: str) -> None:
    await judged.create(deployment("web"), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    listed = (await judged.ok("get", "deploy,rs,pods", "-o", "name", namespace=namespace)).out.split()
    assert [line.split("/")[0] for line in listed] == ["deployment.apps", "replicaset.apps", "pod"]
    everything = (await judged.ok("get", "all", "-o", "name", namespace=namespace)).out.split()
    assert {line.split("/")[0] for line in everything} == {"deployment.apps", "replicaset.apps", "pod"}


async def test_what_is_not_there_is_said_so(judged: Judged, namespace: str) -> None:
    missing = await judged.fails("get", "node", "w999")
    assert missing.err == 'Error from server (NotFound): nodes "w999" not found\n'
    grouped = await judged.fails("get", "deployment", "none", namespace=namespace)
    assert grouped.err == 'Error from server (NotFound): deployments.apps "none" not found\n'
    empty = await judged.ok("get", "pods", namespace=namespace)
    assert (empty.out, empty.err) == ("", f"No resources found in {namespace} namespace.\n")
    assert (await judged.ok("get", "pod", "none", "--ignore-not-found", namespace=namespace)).text == ""
    unknown = await judged.fails("get", "widgets")
    assert unknown.err == 'error: the server doesn\'t have a resource type "widgets"\n'
    nowhere = await judged.ok("get", "pods", "-n", "no-such-namespace")
    assert "No resources found" in nowhere.err


async def test_selectors_that_cannot_be_are_refused(judged: Judged, namespace: str) -> None:
    field = await judged.fails("get", "pods", "--field-selector", "spec.colour=red", namespace=namespace)
    assert "field label not supported: spec.colour" in field.err
    assert "BadRequest" in field.err
    label = await judged.fails("get", "pods", "-l", "a in b", namespace=namespace)
    assert "unable to parse requirement" in label.err
    node = await judged.fails("get", "nodes", "--field-selector", "status.phase=Ready")
    assert "field label not supported: status.phase" in node.err


async def test_a_watch_prints_each_change_until_it_is_ended(judged: Judged, namespace: str) -> None:
    async with judged.running("get", "pods", "--watch", namespace=namespace) as lines:
        await judged.create(pod("seen", judged.workers[0]), namespace=namespace)
        await lines.until("seen", "1/1", "Running")
        await judged.ok("delete", "pod", "seen", "--wait=false", namespace=namespace)
        await lines.until("seen", "Terminating")
    if judged.knows_requests:
        assert len([a for a in judged.requests(verb="watch", resource="pods") if namespace in a.path]) == 1


async def test_a_watch_of_one_object_and_of_events_kinds(judged: Judged, worker: str) -> None:
    async with judged.running("get", "node", worker, "-w", "--output-watch-events") as lines:
        assert (await lines.next())[:2] == ["EVENT", "NAME"]
        assert (await lines.next())[:2] == ["ADDED", worker]
        await judged.ok("cordon", worker)
        assert (await lines.until("MODIFIED", "Ready,SchedulingDisabled"))[1] == worker


async def test_watch_only_shows_no_first_state(judged: Judged, worker: str) -> None:
    async with judged.running("get", "nodes", "--watch-only") as lines:
        while judged.knows_requests and not judged.requests(verb="watch", resource="nodes"):
            await judged.ok("version")
        await judged.ok("label", "node", worker, "conformance/seen=yes", "--overwrite")
        await judged.ok("label", "node", worker, "conformance/seen-")
        await lines.until(worker, "Ready")


async def test_raw_paths_are_answered(judged: Judged) -> None:
    assert (await judged.ok("get", "--raw", "/readyz")).out == "ok"
    assert (await judged.ok("get", "--raw", "/livez")).out == "ok"
    assert "readyz check passed" in (await judged.ok("get", "--raw", "/readyz?verbose")).out
    assert '"gitVersion"' in (await judged.ok("get", "--raw", "/version")).out
    missing = await judged.fails("get", "--raw", "/api/v1/nowhere")
    assert "the server could not find the requested resource" in missing.err
    assert "apiserver_request" in (await judged.ok("get", "--raw", "/metrics")).out
