"""Defaults, checks and what is fixed, of each kind; the expectations are answers of a real server."""

from __future__ import annotations

import copy
from datetime import datetime, timezone
from typing import Any

import pytest

from kconsole.lab.apiserver.backends import MemoryBackend
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.status import ApiError
from kconsole.lab.apiserver.store import Store
from kconsole.lab.apiserver.tables.render import rows

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
CONTAINERS = [{"name": "c", "image": "i"}]
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": CONTAINERS}}
SELECTOR = {"matchLabels": {"a": "b"}}
COMPLETED_CONTAINER = {
    "name": "c",
    "image": "i",
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "imagePullPolicy": "Always",
}
COMPLETED_SPEC = {
    "containers": [COMPLETED_CONTAINER],
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
COMPLETED = {"metadata": {"creationTimestamp": None, "labels": {"a": "b"}}, "spec": COMPLETED_SPEC}


@pytest.fixture
async def registry() -> Registry:
    found = Registry(Store(MemoryBackend()), lambda: NOW, seed=7)
    await found.create(RESOURCES["namespaces"], {"metadata": {"name": "default"}})
    return found


async def make(registry: Registry, plural: str, spec: Any = None, name: str = "x", **more: Any) -> Any:
    obj: dict[str, Any] = {"metadata": {"name": name, "namespace": "default"}, **copy.deepcopy(more)}
    if spec is not None:
        obj["spec"] = copy.deepcopy(spec)
    return await registry.create(RESOURCES[plural], obj, reset_status=True)


async def refusal(doing: Any) -> ApiError:
    with pytest.raises(ApiError) as error:
        await doing
    return error.value


def cells(obj: Any, plural: str) -> list[Any]:
    (row,) = rows(RESOURCES[plural], [obj], NOW, version="v1", include="None")
    found: list[Any] = row["cells"]
    return found


async def test_a_deployment_is_completed_as_a_real_server_does(registry: Registry) -> None:
    made = await make(registry, "deployments", {"selector": SELECTOR, "template": TEMPLATE})
    assert made["spec"] == {
        "replicas": 1,
        "selector": SELECTOR,
        "template": COMPLETED,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }
    assert made["status"] == {}


async def test_the_other_workloads_are_completed_as_a_real_server_does(registry: Registry) -> None:
    made = await make(registry, "daemonsets", {"selector": SELECTOR, "template": TEMPLATE})
    assert made["spec"] == {
        "selector": SELECTOR,
        "template": COMPLETED,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
        "revisionHistoryLimit": 10,
    }
    assert made["status"] == {
        "currentNumberScheduled": 0,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 0,
        "numberReady": 0,
    }
    claim = {"metadata": {"name": "d"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    made = await make(
        registry,
        "statefulsets",
        {"serviceName": "x", "selector": SELECTOR, "template": TEMPLATE, "volumeClaimTemplates": [claim]},
    )
    assert made["spec"]["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert made["spec"]["podManagementPolicy"] == "OrderedReady"
    assert made["spec"]["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert made["spec"]["volumeClaimTemplates"][0]["spec"]["volumeMode"] == "Filesystem"
    made = await make(registry, "replicationcontrollers", {"template": TEMPLATE})
    assert (made["spec"]["selector"], made["metadata"]["labels"]) == ({"a": "b"}, {"a": "b"})
    assert made["spec"]["replicas"] == 1


async def test_a_job_selects_its_pods_by_its_own_identity(registry: Registry) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": CONTAINERS}}
    made = await make(registry, "jobs", {"template": template}, "j")
    uid = made["metadata"]["uid"]
    assert made["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert made["spec"]["template"]["metadata"]["labels"] == {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": "j",
        "controller-uid": uid,
        "job-name": "j",
    }
    assert made["metadata"]["labels"]["job-name"] == "j"
    assert {name: made["spec"][name] for name in ("parallelism", "completions", "backoffLimit", "suspend")} == {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 6,
        "suspend": False,
    }


async def test_a_new_pod_is_patient_with_nodes_that_are_away_unless_it_says_otherwise(registry: Registry) -> None:
    made = await make(registry, "pods", {"containers": CONTAINERS})
    assert [(one["key"], one["tolerationSeconds"]) for one in made["spec"]["tolerations"]] == [
        ("node.kubernetes.io/not-ready", 300),
        ("node.kubernetes.io/unreachable", 300),
    ]
    everything = [{"operator": "Exists"}]
    made = await make(registry, "pods", {"containers": CONTAINERS, "tolerations": everything}, "y")
    assert made["spec"]["tolerations"] == everything


async def test_a_service_gets_an_address_and_ports(registry: Registry) -> None:
    made = await make(registry, "services", {"selector": {"a": "b"}, "ports": [{"port": 80}]})
    address = made["spec"]["clusterIP"]
    assert made["spec"] == {
        "ports": [{"protocol": "TCP", "port": 80, "targetPort": 80}],
        "selector": {"a": "b"},
        "clusterIP": address,
        "clusterIPs": [address],
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster",
    }
    assert cells(made, "services") == ["x", "ClusterIP", address, "<none>", "80/TCP", "0s", "a=b"]
    made = await make(registry, "services", {"type": "NodePort", "ports": [{"port": 80}]}, "y")
    assert 30000 <= made["spec"]["ports"][0]["nodePort"] < 32768
    made = await make(registry, "services", {"clusterIP": "None", "selector": {"a": "b"}}, "z")
    assert made["spec"]["clusterIPs"] == ["None"]
    error = await refusal(make(registry, "services", {}, "q"))
    assert str(error) == 'Service "q" is invalid: spec.ports: Required value'


async def test_a_secrets_text_is_kept_as_data(registry: Registry) -> None:
    made = await make(registry, "secrets", stringData={"a": "b"})
    assert (made["data"], made["type"], "stringData" in made) == ({"a": "Yg=="}, "Opaque", False)


NO_LABELS = "Invalid value: map[string]string(nil): `selector` does not match template `labels`"
MISMATCH = (
    'spec.template.metadata.labels: Invalid value: map[string]string{"a":"b"}: `selector` does not match template'
    " `labels`"
)


@pytest.mark.parametrize(
    ("plural", "spec", "message"),
    [
        (
            "deployments",
            {},
            'Deployment.apps "x" is invalid: [spec.selector: Required value, '
            f"spec.template.metadata.labels: {NO_LABELS}, spec.template.spec.containers: Required value]",
        ),
        (
            "deployments",
            {"selector": {"matchLabels": {"a": "c"}}, "template": TEMPLATE},
            f'Deployment.apps "x" is invalid: {MISMATCH}',
        ),
        (
            "deployments",
            {"replicas": -2, "selector": SELECTOR, "template": TEMPLATE},
            'Deployment.apps "x" is invalid: spec.replicas: Invalid value: -2: must be greater than or equal to 0',
        ),
        (
            "deployments",
            {"selector": SELECTOR, "template": {**TEMPLATE, "spec": {"containers": [{"name": "c"}]}}},
            'Deployment.apps "x" is invalid: spec.template.spec.containers[0].image: Required value',
        ),
        (
            "deployments",
            {
                "selector": SELECTOR,
                "template": {**TEMPLATE, "spec": {"containers": CONTAINERS, "restartPolicy": "Never"}},
            },
            'Deployment.apps "x" is invalid: spec.template.spec.restartPolicy: Unsupported value: "Never":'
            ' supported values: "Always"',
        ),
        (
            "deployments",
            {
                "selector": SELECTOR,
                "template": TEMPLATE,
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}},
            },
            'Deployment.apps "x" is invalid: spec.strategy.rollingUpdate.maxUnavailable: Invalid value:'
            ' intstr.IntOrString{Type:0, IntVal:0, StrVal:""}: may not be 0 when `maxSurge` is 0',
        ),
        (
            "jobs",
            {"template": {"spec": {"containers": CONTAINERS}}},
            'Job.batch "x" is invalid: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure",'
            ' "Never"',
        ),
        ("pods", {}, 'Pod "x" is invalid: spec.containers: Required value'),
        (
            "pods",
            {
                "containers": [
                    {"name": "a", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}]},
                    {"name": "a", "image": "i"},
                ]
            },
            'Pod "x" is invalid: [spec.containers[0].volumeMounts[0].name: Not found: "v",'
            ' spec.containers[1].name: Duplicate value: "a"]',
        ),
        (
            "pods",
            {"containers": CONTAINERS, "restartPolicy": "X"},
            'Pod "x" is invalid: spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure",'
            ' "Never"',
        ),
        (
            "poddisruptionbudgets",
            {"minAvailable": "abc"},
            'PodDisruptionBudget.policy "x" is invalid: spec.minAvailable: Invalid value: intstr.IntOrString{Type:1,'
            " IntVal:0, StrVal:\"abc\"}: a valid percent string must be a numeric string followed by an ending '%'"
            " (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        ),
        (
            "poddisruptionbudgets",
            {"minAvailable": "120%"},
            'PodDisruptionBudget.policy "x" is invalid: spec.minAvailable: Invalid value: intstr.IntOrString{Type:1,'
            ' IntVal:0, StrVal:"120%"}: must not be greater than 100%',
        ),
        (
            "poddisruptionbudgets",
            {"maxUnavailable": -1},
            'PodDisruptionBudget.policy "x" is invalid: spec.maxUnavailable: Invalid value: -1: must be greater than'
            " or equal to 0",
        ),
        (
            "poddisruptionbudgets",
            {"minAvailable": 1, "unhealthyPodEvictionPolicy": "X"},
            'PodDisruptionBudget.policy "x" is invalid: spec.unhealthyPodEvictionPolicy: Unsupported value: "X":'
            ' supported values: "AlwaysAllow", "IfHealthyBudget"',
        ),
        (
            "poddisruptionbudgets",
            {"minAvailable": 1, "selector": {"matchExpressions": [{"key": "a", "operator": "Foo"}]}},
            'PodDisruptionBudget.policy "x" is invalid: spec.selector.matchExpressions[0].operator: Invalid value:'
            ' "Foo": not a valid selector operator',
        ),
    ],
)
async def test_what_breaks_a_rule_is_refused_in_a_real_servers_words(
    registry: Registry, plural: str, spec: Any, message: str
) -> None:
    error = await refusal(make(registry, plural, spec))
    assert (error.code, str(error)) == (422, message)


async def test_a_budget_has_one_bound_at_most_and_begins_with_nothing_allowed(registry: Registry) -> None:
    error = await refusal(make(registry, "poddisruptionbudgets", {"minAvailable": 1, "maxUnavailable": 1}))
    assert str(error).endswith("minAvailable and maxUnavailable cannot be both set")
    made = await make(registry, "poddisruptionbudgets", {})
    zero = {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}
    assert (made["status"], made["metadata"]["generation"]) == (zero, 1)
    assert cells(made, "poddisruptionbudgets") == ["x", "N/A", "N/A", 0, "0s"]


async def test_the_selector_of_a_workload_is_for_life(registry: Registry) -> None:
    await make(registry, "deployments", {"selector": SELECTOR, "template": TEMPLATE})

    def widened(one: Any) -> Any:
        one["spec"]["selector"]["matchLabels"]["q"] = "c"
        one["spec"]["template"]["metadata"]["labels"]["q"] = "c"
        return one

    error = await refusal(registry.change(RESOURCES["deployments"], "default", "x", widened))
    assert str(error) == (
        'Deployment.apps "x" is invalid: spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string'
        '{"a":"b", "q":"c"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable'
    )


async def test_a_stateful_set_may_change_its_replicas_and_template_only(registry: Registry) -> None:
    await make(registry, "statefulsets", {"serviceName": "x", "selector": SELECTOR, "template": TEMPLATE})
    change = registry.change
    await change(RESOURCES["statefulsets"], "default", "x", lambda o: {**o, "spec": {**o["spec"], "replicas": 3}})
    error = await refusal(
        change(RESOURCES["statefulsets"], "default", "x", lambda o: {**o, "spec": {**o["spec"], "serviceName": "y"}})
    )
    assert "updates to statefulset spec for fields other than 'replicas'" in str(error)


async def test_a_rule_never_keeps_an_old_object_from_being_finished(registry: Registry) -> None:
    made = await make(registry, "pods", {"containers": CONTAINERS})
    broken = {**made["spec"], "containers": []}
    stored = {**made, "spec": broken}
    await registry.store.write(
        RESOURCES["pods"], RESOURCES["pods"].key("default", "x"), stored, int(made["metadata"]["resourceVersion"])
    )
    changed = await registry.change(
        RESOURCES["pods"], "default", "x", lambda o: {**o, "metadata": {**o["metadata"], "labels": {"k": "v"}}}
    )
    assert changed["metadata"]["labels"] == {"k": "v"}


async def test_storage_is_shown_as_a_real_server_shows_it(registry: Registry) -> None:
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "sc"}
    made = await make(registry, "persistentvolumes", spec)
    assert cells(made, "persistentvolumes") == [
        *("x", "1Gi", "RWO", "Retain", "Pending", "", "sc", "<unset>", "", "0s", "Filesystem"),
    ]
    made = await make(registry, "persistentvolumeclaims", {**spec, "storageClassName": "zz"})
    assert cells(made, "persistentvolumeclaims") == ["x", "Pending", "", "", "", "zz", "<unset>", "0s", "Filesystem"]
    bound = {**made, "status": {"phase": "Bound", "capacity": {"storage": "2Gi"}, "accessModes": ["ReadWriteMany"]}}
    bound["spec"] = {**made["spec"], "volumeName": "v"}
    assert cells(bound, "persistentvolumeclaims")[1:5] == ["Bound", "v", "2Gi", "RWX"]
    made = await make(registry, "storageclasses", provisioner="x/y")
    assert cells(made, "storageclasses") == ["x", "x/y", "Delete", "Immediate", False, "0s"]
    source = {"attacher": "x.y", "nodeName": "w1", "source": {"persistentVolumeName": "v"}}
    made = await make(registry, "volumeattachments", source)
    assert cells(made, "volumeattachments") == ["x", "x.y", "v", "w1", False, "0s"]


def test_a_revision_names_its_controller_and_endpoints_their_addresses() -> None:
    owner = {"kind": "StatefulSet", "apiVersion": "apps/v1", "name": "db", "controller": True}
    revision = {"metadata": {"name": "db-1", "ownerReferences": [owner]}, "revision": 1}
    assert cells(revision, "controllerrevisions")[:3] == ["db-1", "statefulset.apps/db", 1]
    addresses = [{"ip": f"10.0.0.{number}"} for number in range(5)]
    endpoints = {"metadata": {"name": "e"}, "subsets": [{"addresses": addresses, "ports": [{"port": 80}]}]}
    assert cells(endpoints, "endpoints")[1] == "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more..."
    endpoint_slice = {"metadata": {"name": "e"}, "addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}]}
    assert cells(endpoint_slice, "endpointslices")[1:4] == ["IPv4", "<unset>", "10.0.0.1"]


async def test_an_update_that_leaves_out_what_the_server_added_keeps_it(registry: Registry) -> None:
    made = await make(registry, "pods", {"containers": CONTAINERS})
    given = {"metadata": {"name": "x"}, "spec": {"containers": copy.deepcopy(CONTAINERS)}}
    assert (await registry.change(RESOURCES["pods"], "default", "x", lambda _: given))["spec"] == made["spec"]
    made = await make(registry, "services", {"type": "NodePort", "ports": [{"port": 80}]})
    given = {"metadata": {"name": "x"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
    assert (await registry.change(RESOURCES["services"], "default", "x", lambda _: given))["spec"] == made["spec"]
    moved = {"metadata": {"name": "x"}, "spec": {"clusterIP": "10.1.1.1", "ports": [{"port": 80}]}}
    error = await refusal(registry.change(RESOURCES["services"], "default", "x", lambda _: moved))
    assert "may not change once set" in str(error)


async def test_a_namespace_that_is_not_there_is_said_before_what_is_wrong_with_the_object(registry: Registry) -> None:
    pod = {"metadata": {"name": "x", "namespace": "nope"}, "spec": {}}
    assert (await refusal(registry.create(RESOURCES["pods"], pod))).code == 404
