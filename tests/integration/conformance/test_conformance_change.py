"""Objects made and changed: create, apply, replace, patch, labels, annotations, taints, diff, dry runs, conflicts."""

from __future__ import annotations

import copy
import json

import pytest

from parts.judging import Judged
from parts.manifests import budget, deployment, pod

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_create_tells_each_object_and_refuses_a_second(judged: Judged, namespace: str) -> None:
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}}
    made = await judged.ok("create", "-f", "-", stdin=settings, namespace=namespace)
    assert made.out == "configmap/settings created\n"
    again = await judged.fails("create", "-f", "-", stdin=settings, namespace=namespace)
    assert '(AlreadyExists): error when creating "STDIN": configmaps "settings" already exists' in again.err
    generators = {
        ("configmap", "more", "--from-literal=k=v"): "configmap/more created\n",
        ("secret", "generic", "hidden", "--from-literal=k=v"): "secret/hidden created\n",
        ("deployment", "shop", "--image=registry.example/shop:1", "--replicas=2"): "deployment.apps/shop created\n",
        ("pdb", "shop", "--selector=app=shop", "--max-unavailable=1"): "poddisruptionbudget.policy/shop created\n",
        ("job", "once", "--image=registry.example/once:1"): "job.batch/once created\n",
        ("serviceaccount", "robot"): "serviceaccount/robot created\n",
    }
    for words, told in generators.items():
        assert (await judged.ok("create", *words, namespace=namespace)).out == told
    assert (await judged.ok("run", "alone", "--image=registry.example/a:1", namespace=namespace)).out
    secret = await judged.json("get", "secret", "hidden", namespace=namespace)
    assert (secret["data"], secret["type"]) == ({"k": "dg=="}, "Opaque")


async def test_generated_names_end_in_five_characters(judged: Judged, namespace: str) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "drawn-"}}
    made = await judged.ok("create", "-f", "-", "-o", "name", stdin=manifest, namespace=namespace)
    assert len(made.out.strip()) == len("configmap/drawn-") + 5


async def test_what_a_server_fills_in(judged: Judged, namespace: str) -> None:
    await judged.create(pod("bare", judged.workers[0]), namespace=namespace)
    spec = (await judged.json("get", "pod", "bare", namespace=namespace))["spec"]
    assert (spec["restartPolicy"], spec["dnsPolicy"], spec["schedulerName"]) == (
        "Always",
        "ClusterFirst",
        "default-scheduler",
    )
    assert spec["terminationGracePeriodSeconds"] == 30
    assert spec["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    tolerated = {(t["key"], t["effect"], t["tolerationSeconds"]) for t in spec["tolerations"]}
    kinds = ("not-ready", "unreachable")
    assert {(f"node.kubernetes.io/{kind}", "NoExecute", 300) for kind in kinds} <= tolerated
    await judged.create(deployment("web"), namespace=namespace)
    made = await judged.json("get", "deployment", "web", namespace=namespace)
    assert made["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    assert (made["spec"]["progressDeadlineSeconds"], made["spec"]["revisionHistoryLimit"]) == (600, 10)
    assert made["metadata"]["generation"] == 1


async def test_apply_creates_changes_prunes_fields_and_leaves_alone(judged: Judged, namespace: str) -> None:
    manifest = deployment("web", 1)

    async def apply(*words: str) -> str:
        return (await judged.ok("apply", "-f", "-", *words, stdin=manifest, namespace=namespace)).out

    assert await apply() == "deployment.apps/web created\n"
    assert await apply() == "deployment.apps/web unchanged\n"
    manifest["metadata"]["annotations"] = {"note": "one"}
    manifest["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A", "value": "1"}]
    assert await apply() == "deployment.apps/web configured\n"
    made = await judged.json("get", "deployment", "web", namespace=namespace)
    assert made["metadata"]["annotations"]["note"] == "one"
    assert made["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "A", "value": "1"}]
    del manifest["metadata"]["annotations"], manifest["spec"]["template"]["spec"]["containers"][0]["env"]
    assert await apply() == "deployment.apps/web configured\n"
    made = await judged.json("get", "deployment", "web", namespace=namespace)
    assert "note" not in made["metadata"]["annotations"]
    assert "env" not in made["spec"]["template"]["spec"]["containers"][0]


async def test_what_is_wrong_in_a_manifest_is_told(judged: Judged, namespace: str) -> None:
    misspelt = deployment("web")
    misspelt["spec"]["replica"] = 3
    ran = await judged.fails("apply", "-f", "-", stdin=misspelt, namespace=namespace)
    assert 'unknown field "spec.replica"' in ran.err
    unselected = deployment("web")
    unselected["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    ran = await judged.fails("create", "-f", "-", stdin=unselected, namespace=namespace)
    assert "`selector` does not match template `labels`" in ran.err
    both = budget("both", minAvailable=1, maxUnavailable=1)
    ran = await judged.fails("create", "-f", "-", stdin=both, namespace=namespace)
    assert "minAvailable and maxUnavailable cannot be both set" in ran.err
    unnamed = pod("Not_A_Name")
    ran = await judged.fails("create", "-f", "-", stdin=unnamed, namespace=namespace)
    assert 'metadata.name: Invalid value: "Not_A_Name"' in ran.err
    empty = pod("empty")
    empty["spec"]["containers"] = []
    ran = await judged.fails("create", "-f", "-", stdin=empty, namespace=namespace)
    assert "spec.containers: Required value" in ran.err
    unknown = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}
    ran = await judged.fails("create", "-f", "-", stdin=unknown, namespace=namespace)
    assert 'no matches for kind "Widget" in version "example.com/v1"' in ran.err
    nowhere = await judged.fails("create", "configmap", "c", "-n", "no-such-namespace")
    assert 'namespaces "no-such-namespace" not found' in nowhere.err


async def test_what_cannot_be_changed_is_refused(judged: Judged, namespace: str) -> None:
    await judged.create(pod("fixed", judged.workers[0]), deployment("web"), namespace=namespace)
    elsewhere = '{"spec":{"nodeName":"elsewhere"}}'
    ran = await judged.fails("patch", "pod", "fixed", "-p", elsewhere, namespace=namespace)
    assert "Forbidden: pod updates may not change fields other than" in ran.err
    selector = '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}'
    ran = await judged.fails("patch", "deployment", "web", "-p", selector, namespace=namespace)
    assert "field is immutable" in ran.err


async def test_the_three_patches(judged: Judged, namespace: str) -> None:
    await judged.create(deployment("web"), namespace=namespace)

    async def patch(kind: str, body: object) -> str:
        words = ("patch", "deployment", "web", f"--type={kind}", "-p", json.dumps(body))
        return (await judged.ok(*words, namespace=namespace)).out

    container = {"name": "main", "env": [{"name": "A", "value": "1"}]}
    await patch("strategic", {"spec": {"template": {"spec": {"containers": [container]}}}})
    container = {"name": "main", "env": [{"name": "B", "value": "2"}]}
    await patch("strategic", {"spec": {"template": {"spec": {"containers": [container]}}}})
    made = await judged.json("get", "deployment", "web", namespace=namespace)
    assert sorted(e["name"] for e in made["spec"]["template"]["spec"]["containers"][0]["env"]) == ["A", "B"]
    await patch("merge", {"metadata": {"labels": {"extra": "yes", "app": None}}})
    made = await judged.json("get", "deployment", "web", namespace=namespace)
    assert made["metadata"]["labels"] == {"extra": "yes"}
    await patch("json", [{"op": "replace", "path": "/metadata/labels/extra", "value": "no"}])
    assert (await patch("merge", {"metadata": {"labels": {"extra": "no"}}})).endswith("patched (no change)\n")
    failing = '[{"op":"test","path":"/metadata/labels/extra","value":"yes"}]'
    ran = await judged.fails("patch", "deployment", "web", "--type=json", "-p", failing, namespace=namespace)
    assert "the server rejected our request due to an error in our request" in ran.err
    ran = await judged.fails("patch", "deployment", "web", "-p", '{"spec":{"replicas":"many"}}', namespace=namespace)
    assert "replicas" in ran.err


async def test_a_stale_object_is_not_put_over_a_newer_one(judged: Judged, namespace: str) -> None:
    await judged.create(deployment("web"), namespace=namespace)
    stale = await judged.json("get", "deployment", "web", namespace=namespace)
    await judged.ok("label", "deployment", "web", "newer=yes", namespace=namespace)
    ran = await judged.fails("replace", "-f", "-", stdin=stale, namespace=namespace)
    assert "(Conflict)" in ran.err
    assert "the object has been modified; please apply your changes to the latest version and try again" in ran.err
    fresh = copy.deepcopy(stale)
    del fresh["metadata"]["resourceVersion"]
    assert (await judged.ok("replace", "-f", "-", stdin=fresh, namespace=namespace)).out.endswith("replaced\n")


async def test_labels_and_annotations(judged: Judged, namespace: str) -> None:
    await judged.create(pod("p", judged.workers[0]), namespace=namespace)

    async def told(*words: str) -> str:
        return (await judged.ok(*words, namespace=namespace)).out

    assert await told("label", "pod", "p", "colour=red") == "pod/p labeled\n"
    ran = await judged.fails("label", "pod", "p", "colour=blue", namespace=namespace)
    assert "'colour' already has a value (red), and --overwrite is false" in ran.err
    assert await told("label", "pod", "p", "colour=blue", "--overwrite") == "pod/p labeled\n"
    assert await told("label", "pod", "-l", "colour=blue", "colour-") == "pod/p unlabeled\n"
    assert 'label "colour" not found' in await told("label", "pod", "p", "colour-")
    assert (await told("annotate", "pod", "p", "note=a b")).startswith("pod/p annotate")
    assert (await told("annotate", "pod", "p", "note-")).startswith("pod/p annotate")
    wrong = await judged.fails("label", "pod", "p", "a=b c", namespace=namespace)
    assert "a valid label must be an empty string or consist of alphanumeric characters" in wrong.err


async def test_taints_are_set_changed_and_taken_away(judged: Judged, worker: str) -> None:
    judged.begin()
    assert (await judged.ok("taint", "node", worker, "conformance=a:NoSchedule")).out == f"node/{worker} tainted\n"
    ran = await judged.fails("taint", "node", worker, "conformance=b:NoSchedule")
    assert "already has conformance taint(s) with same effect(s) and --overwrite is false" in ran.err
    changed = await judged.ok("taint", "node", worker, "conformance=b:NoSchedule", "--overwrite")
    assert changed.out == f"node/{worker} modified\n"
    assert (await judged.ok("taint", "node", worker, "conformance:NoSchedule-")).out == f"node/{worker} untainted\n"
    missing = await judged.fails("taint", "node", worker, "conformance-")
    assert 'taint "conformance" not found' in missing.err
    assert not [t for t in (await judged.json("get", "node", worker))["spec"].get("taints", []) if "conf" in t["key"]]
    if judged.knows_requests:
        assert {asked.code for asked in judged.requests(verb="patch", resource="nodes")} == {200}


async def test_a_dry_run_changes_nothing(judged: Judged, namespace: str, worker: str) -> None:
    manifest = deployment("web", 1)
    told = await judged.ok("apply", "-f", "-", "--dry-run=server", stdin=manifest, namespace=namespace)
    assert told.out == "deployment.apps/web created (server dry run)\n"
    assert "not found" in (await judged.fails("get", "deployment", "web", namespace=namespace)).err
    await judged.create(manifest, namespace=namespace)
    before = (await judged.json("get", "deployment", "web", namespace=namespace))["spec"]
    for words in (("scale", "deployment/web", "--replicas=3"), ("delete", "deployment", "web")):
        assert "(server dry run)" in (await judged.ok(*words, "--dry-run=server", namespace=namespace)).out
    assert (await judged.json("get", "deployment", "web", namespace=namespace))["spec"] == before
    for kind in ("client", "server"):
        dry = await judged.ok("cordon", worker, f"--dry-run={kind}")
        assert dry.out == f"node/{worker} cordoned ({kind + ' ' if kind == 'server' else ''}dry run)\n"
    assert "unschedulable" not in (await judged.json("get", "node", worker))["spec"]


async def test_diff_shows_what_apply_would_change(judged: Judged, namespace: str) -> None:
    manifest = deployment("web", 1)
    await judged.ok("apply", "-f", "-", stdin=manifest, namespace=namespace)
    same = await judged.ok("diff", "-f", "-", stdin=manifest, namespace=namespace)
    assert same.out == ""
    manifest["spec"]["replicas"] = 4
    ran = await judged.kubectl("diff", "-f", "-", stdin=manifest, namespace=namespace)
    assert ran.code == 1
    assert "+  replicas: 4" in ran.out
