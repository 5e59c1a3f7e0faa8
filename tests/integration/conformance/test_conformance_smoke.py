"""What an operator does first, with every kubectl minor there is here."""

from __future__ import annotations

import pytest

from parts.judging import Judged, only
from parts.manifests import budget, deployment

EVERY_MINOR = True
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_nodes_are_seen_cordoned_drained_and_given_back(judged: Judged, namespace: str, worker: str) -> None:
    await judged.create(deployment("web", 2), budget("web", minAvailable=1), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    assert worker in (await judged.ok("get", "nodes")).names
    assert worker in (await judged.ok("describe", "node", worker)).out
    assert (await judged.ok("cordon", worker)).out == f"node/{worker} cordoned\n"
    selected = (only(namespace, "web"), "--ignore-daemonsets", "--timeout=40s")
    ran = await judged.ok("drain", worker, *selected)
    assert f"node/{worker} drained" in ran.out
    await judged.rolled_out("deployment/web", namespace)
    pods = await judged.json("get", "pods", "-l", "app=web", namespace=namespace)
    assert worker not in {pod["spec"]["nodeName"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}
    assert (await judged.ok("uncordon", worker)).out == f"node/{worker} uncordoned\n"
    if judged.knows_requests:
        assert not judged.requests(verb="delete", resource="pods")
        assert {asked.code for asked in judged.requests(resource="pods", subresource="eviction")} <= {201, 429}


async def test_a_workload_is_made_changed_and_removed(judged: Judged, namespace: str) -> None:
    manifest = deployment("shop", 1)
    assert (await judged.ok("apply", "-f", "-", stdin=manifest, namespace=namespace)).out.endswith("created\n")
    await judged.ok("scale", "deployment/shop", "--replicas=2", namespace=namespace)
    await judged.ok("set", "image", "deployment/shop", "main=registry.example/conformance/web:2.0", namespace=namespace)
    await judged.rolled_out("deployment/shop", namespace)
    pods = await judged.json("get", "pods", "--field-selector=status.phase=Running", namespace=namespace)
    live = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    assert [pod["spec"]["containers"][0]["image"][-3:] for pod in live] == ["2.0", "2.0"]
    await judged.ok("delete", "deployment", "shop", "--wait", namespace=namespace)
    await judged.ok("wait", "--for=delete", "pod", "-l", "app=shop", "--timeout=40s", namespace=namespace)


async def test_who_may_do_what_is_told(judged: Judged) -> None:
    assert (await judged.ok("auth", "can-i", "create", "pods", "--subresource=eviction")).out == "yes\n"
    assert (await judged.ok("explain", "pod.spec.nodeName")).out
    assert "is running at" in (await judged.ok("cluster-info")).out
    assert "Server Version" in (await judged.ok("version")).out
