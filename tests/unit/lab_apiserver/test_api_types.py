"""What fits a kind and what does not; the sentences are a real server's."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kconsole.lab.apiserver import openapi
from kconsole.lab.apiserver.accepting import accepted, patched
from kconsole.lab.apiserver.patches.strategic import apply_strategic_patch, merge_key
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.status import ApiError
from kconsole.lab.apiserver.typed.core import CORE
from kconsole.lab.apiserver.typed.groups import GROUPS
from kconsole.lab.apiserver.typed.notation import SCALARS, fields_of, fields_of_kind

DEPLOYMENTS, NODES, BUDGETS = RESOURCES["deployments"], RESOURCES["nodes"], RESOURCES["poddisruptionbudgets"]
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
SPEC: dict[str, Any] = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
HANDLED = 'Deployment in version "v1" cannot be handled as a Deployment: '
UNMARSHAL = f"{HANDLED}json: cannot unmarshal "


def deployment(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "d"}, "spec": {**SPEC, **spec}}


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        (deployment(replicas="2"), "string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        (deployment(replicas=1.5), "number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"),
        (deployment(paused="true"), "string into Go struct field DeploymentSpec.spec.paused of type bool"),
        (
            deployment(template={**TEMPLATE, "spec": {"containers": "abc"}}),
            "string into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
        ),
        (
            deployment(template={**TEMPLATE, "spec": {"containers": {"a": 1}}}),
            "object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
        ),
        (
            {"metadata": {"name": "d", "labels": {"a": 1}}, "spec": SPEC},
            "number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            {"metadata": {"name": "d", "labels": ["a"]}, "spec": SPEC},
            "array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
        ),
        (
            {"metadata": {"name": "d"}, "spec": "x"},
            "string into Go struct field Deployment.spec of type v1.DeploymentSpec",
        ),
        (
            {"metadata": "d", "spec": SPEC},
            "string into Go struct field Deployment.metadata of type v1.ObjectMeta",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_as_a_real_server_does(obj: Any, message: str) -> None:
    with pytest.raises(ApiError) as error:
        accepted(DEPLOYMENTS, obj, "Warn")
    assert (error.value.code, str(error.value)) == (400, UNMARSHAL + message)


def test_a_quantity_and_a_budgets_bound_have_types_of_their_own() -> None:
    resources = {"requests": {"cpu": "zz"}}
    obj = deployment(template={"spec": {"containers": [{"name": "c", "resources": resources}]}})
    with pytest.raises(ApiError, match=r"quantities must match the regular expression"):
        accepted(DEPLOYMENTS, obj, "Warn")
    for bound in (1, "50%"):
        accepted(BUDGETS, {"spec": {"minAvailable": bound}}, "Strict")
    with pytest.raises(ApiError, match=r"PodDisruptionBudgetSpec\.spec\.minAvailable of type int32"):
        accepted(BUDGETS, {"spec": {"minAvailable": True}}, "Warn")


def test_unknown_fields_are_refused_told_or_dropped_as_asked() -> None:
    template = {**TEMPLATE, "spec": {"containers": [{"name": "c", "image": "i", "bar": 2}]}}
    obj = {"metadata": {"name": "d", "xx": 1}, "spec": {**SPEC, "template": template, "foo": 1}}
    with pytest.raises(ApiError) as error:
        accepted(DEPLOYMENTS, obj, "Strict")
    assert str(error.value) == (
        f'{HANDLED}strict decoding error: unknown field "metadata.xx", unknown field'
        ' "spec.template.spec.containers[0].bar", unknown field "spec.foo"'
    )
    known, warnings = accepted(DEPLOYMENTS, obj, "Warn")
    assert known == deployment()
    assert warnings[2] == 'unknown field "spec.foo"'
    assert accepted(DEPLOYMENTS, obj, "Ignore") == (deployment(), [])


def test_a_patch_that_makes_an_object_unfit_is_refused_with_the_patch() -> None:
    for resource, patch, shown, why in (
        (DEPLOYMENTS, {"spec": {"replicas": "x"}}, "map[spec:map[replicas:x]]", "unrecognized type: int32"),
        (NODES, {"spec": {"unschedulable": "x"}}, "map[spec:map[unschedulable:x]]", "unrecognized type: bool"),
        (NODES, {"spec": {"taints": "x"}}, "map[spec:map[taints:x]]", "cannot restore slice from string"),
    ):
        with pytest.raises(ApiError) as error:
            patched(resource, patch, patch, "Warn", strategic=True)
        message = f' "" is invalid: patch: Invalid value: "{shown}": {why}'
        assert (error.value.code, str(error.value)) == (422, message)
    with pytest.raises(ApiError, match=r'patch: Invalid value: .*strict decoding error: unknown field "spec\.foo"'):
        patched(DEPLOYMENTS, {"spec": {"foo": 1}}, {"spec": {"foo": 1}}, "Strict", strategic=False)


def test_every_type_that_is_named_is_written_down() -> None:
    for name in {**CORE, **GROUPS}:
        for field in fields_of(name).values():
            assert field.kind in SCALARS or fields_of(field.kind)


@pytest.mark.parametrize("resource", [one for one in RESOURCES.values() if one.stored], ids=lambda one: one.plural)
def test_every_stored_kind_has_types(resource: Any) -> None:
    assert fields_of_kind(resource.kind)


def test_lists_merge_by_the_same_keys_on_the_server_as_clients_are_told() -> None:
    (document,) = (raw for path, raw in openapi.documents(tuple(RESOURCES.values())).items() if path == "api/v1")
    schemas = msgspec.json.decode(document)["components"]["schemas"]
    containers = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    told = (containers["x-kubernetes-patch-strategy"], containers["x-kubernetes-patch-merge-key"])
    assert told == ("merge", merge_key(fields_of("PodSpec"), "containers"))
    service = {"kind": "Service", "spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81}]}}
    merged = apply_strategic_patch(service, {"spec": {"ports": [{"port": 80, "name": "b"}]}})
    assert merged["spec"]["ports"] == [{"port": 80, "name": "b"}, {"port": 81}]


def test_the_documents_name_every_type_they_refer_to() -> None:
    for raw in openapi.documents(tuple(RESOURCES.values())).values():
        text = raw.decode()
        for part in text.split('"$ref":"#/components/schemas/')[1:]:
            assert f'"{part.partition(chr(34))[0]}":{{"type":"object"' in text
