"""What `kubectl create` makes from flags; clients from 1.32 on send it in protobuf."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kconsole.lab.apiserver.protobuf_wire import BYTES_MAP, INT_OR_STRING, POSITIVE, QUANTITY_MAP, decode

Kubectl = Callable[..., Awaitable[Any]]
SHOP = "/namespaces/shop/"


@pytest.mark.parametrize("version", ["1.27.16", "1.33.4"])
async def test_objects_are_made_from_flags(api: Any, kubectl: Kubectl, version: str) -> None:
    await api.listener.stop()
    await api.start(version)
    for words in (
        ("deployment", "d", "--image=i:1", "--replicas=0", "--port=80", "--", "run", "it"),
        ("job", "j", "--image=i:1"),
        ("cronjob", "cj", "--image=i:1", "--schedule=0 0 1 1 *", "--restart=Never"),
        ("secret", "generic", "s", "--from-literal=a=b"),
        ("configmap", "m", "--from-literal=a=b"),
        ("pdb", "q", "--max-unavailable=40%", "--selector=app=d"),
        ("pdb", "least", "--min-available=0", "--selector=app=d"),
        ("priorityclass", "p", "--value=3", "--description=x"),
        ("service", "nodeport", "n", "--tcp=80:8080"),
        ("serviceaccount", "a"),
        ("namespace", "new"),
    ):
        ran = await kubectl("-n", "shop", "create", *words)
        assert (ran.code, ran.err) == (0, ""), words
    deployment = (await api.get(f"/apis/apps/v1{SHOP}deployments/d")).body
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert (deployment["spec"]["replicas"], deployment["spec"]["selector"]) == (0, {"matchLabels": {"app": "d"}})
    assert (container["image"], container["command"]) == ("i:1", ["run", "it"])
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    job = (await api.get(f"/apis/batch/v1{SHOP}jobs/j")).body
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    cron = (await api.get(f"/apis/batch/v1{SHOP}cronjobs/cj")).body
    assert (cron["spec"]["schedule"], cron["spec"]["suspend"]) == ("0 0 1 1 *", False)
    assert (await api.get(f"/api/v1{SHOP}secrets/s")).body["data"] == {"a": "Yg=="}
    assert (await api.get(f"/api/v1{SHOP}configmaps/m")).body["data"] == {"a": "b"}
    budgets = f"/apis/policy/v1{SHOP}poddisruptionbudgets"
    assert (await api.get(f"{budgets}/q")).body["spec"]["maxUnavailable"] == "40%"
    assert (await api.get(f"{budgets}/least")).body["spec"]["minAvailable"] == 0
    priority = (await api.get("/apis/scheduling.k8s.io/v1/priorityclasses/p")).body
    assert (priority["value"], priority["description"]) == (3, "x")
    (port,) = (await api.get(f"/api/v1{SHOP}services/n")).body["spec"]["ports"]
    assert (port["port"], port["targetPort"], port["nodePort"] >= 30000) == (80, 8080, True)
    made = [record for record in api.journal.records(verb="create") if record.code == 201]
    assert len(made) == 11


def test_the_wire_is_read_by_the_kind_of_the_field() -> None:
    def text(number: int, raw: bytes) -> bytes:
        return bytes([number << 3 | 2, len(raw)]) + raw

    pair = text(1, text(1, b"cpu") + text(2, text(1, b"2")))
    assert decode({1: ("limits", QUANTITY_MAP)}, pair) == {"limits": {"cpu": "2"}}
    assert decode({1: ("data", BYTES_MAP)}, text(1, text(1, b"a") + text(2, b"b"))) == {"data": {"a": "Yg=="}}
    assert decode({1: ("port", INT_OR_STRING)}, text(1, bytes([0x08, 0, 0x10, 80]))) == {"port": 80}
    assert decode({1: ("port", INT_OR_STRING)}, text(1, bytes([0x08, 1]) + text(3, b"50%"))) == {"port": "50%"}
    assert decode({1: ("nodePort", POSITIVE)}, bytes([0x08, 0])) == {}
    with pytest.raises(ValueError, match="cut short"):
        decode({1: ("port", INT_OR_STRING)}, b"\x0a\x05")


async def test_applying_the_same_again_changes_nothing(kubectl: Kubectl, tmp_path: Any) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n"
        "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n"
        "    spec: {containers: [{name: c, image: 'web:1', ports: [{containerPort: 80}]}]}\n"
    )
    for word in ("created", "unchanged"):
        ran = await kubectl("apply", "-f", str(file))
        assert (ran.out, ran.err) == (f"deployment.apps/web {word}\n", "")
    await kubectl("set", "image", "-n", "shop", "deploy/web", "c=web:2")
    ran = await kubectl("apply", "-f", str(file))
    assert (ran.out, ran.err) == ("deployment.apps/web configured\n", "")
    ran = await kubectl("get", "-n", "shop", "deploy/web", "-o", "jsonpath={.spec.template.spec.containers[*].image}")
    assert ran.out == "web:1"


async def test_explain_says_what_a_field_is_for_once(kubectl: Kubectl) -> None:
    ran = await kubectl("explain", "pdb.spec")
    assert ran.out.count("What must be left.") == 1
    assert "unhealthyPodEvictionPolicy" in ran.out
