"""Names, labels, annotations and sizes; the sentences are a real server's."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from kconsole.lab.apiserver.authentication import AUTHENTICATED, User
from kconsole.lab.apiserver.authorization import OPERATOR_GROUP, VIEWER_GROUP, allowed
from kconsole.lab.apiserver.backends import MemoryBackend
from kconsole.lab.apiserver.metadata_checks import metadata_causes
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.requests import understand
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.status import ApiError
from kconsole.lab.apiserver.store import Store

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)


@pytest.fixture
async def registry() -> Registry:
    found = Registry(Store(MemoryBackend()), lambda: NOW, seed=7)
    await found.create(RESOURCES["namespaces"], {"metadata": {"name": "default"}})
    return found


async def refusal(registry: Registry, plural: str, **obj: Any) -> ApiError:
    with pytest.raises(ApiError) as error:
        await registry.create(RESOURCES[plural], {"metadata": {"name": "x", "namespace": "default"}, **obj})
    return error.value


@pytest.mark.parametrize(
    ("plural", "metadata", "field", "message"),
    [
        ("pods", {"name": "Bad_"}, "metadata.name", "a lowercase RFC 1123 subdomain must consist of"),
        ("services", {"name": "a.b"}, "metadata.name", "a lowercase RFC 1123 label must consist of"),
        ("namespaces", {"name": "a" * 64}, "metadata.name", "must be no more than 63 characters"),
        ("pods", {"name": "a", "labels": {"a b": "c"}}, "metadata.labels", "name part must consist of"),
        ("pods", {"name": "a", "labels": {"a": "c!"}}, "metadata.labels", "a valid label must be an empty string or"),
        ("pods", {"name": "a", "labels": {"a": "x" * 70}}, "metadata.labels", "must be no more than 63 characters"),
        ("pods", {"name": "a", "annotations": {"a b": "c"}}, "metadata.annotations", "name part must consist of"),
        (
            "pods",
            {"name": "a", "annotations": {"a": "x" * 270_000}},
            "metadata.annotations",
            "may not be more than 262144",
        ),
    ],
)
def test_wrong_metadata_is_named(plural: str, metadata: Any, field: str, message: str) -> None:
    ((where, _, why),) = metadata_causes(plural, metadata)
    assert where == field
    assert message in why


def test_good_metadata_has_nothing_wrong() -> None:
    labels = {"app.kubernetes.io/name": "a.b_c", "empty": ""}
    assert metadata_causes("pods", {"name": "a.b-c", "labels": labels, "annotations": {"X": "any thing!"}}) == []


async def test_settings_have_a_largest_size_and_keys_of_files(registry: Registry) -> None:
    error = await refusal(registry, "configmaps", data={"a": "x" * 1_100_000})
    assert str(error) == 'ConfigMap "x" is invalid: []: Too long: may not be more than 1048576 bytes'
    error = await refusal(registry, "secrets", stringData={"a": "x" * 1_100_000})
    assert str(error) == 'Secret "x" is invalid: data: Too long: may not be more than 1048576 bytes'
    error = await refusal(registry, "configmaps", data={"a b": "c"})
    assert str(error).startswith('ConfigMap "x" is invalid: data[a b]: Invalid value: "a b": a valid config key')


async def test_an_object_too_large_for_etcd_is_an_error_of_the_server(registry: Registry) -> None:
    error = await refusal(registry, "leases", spec={"holderIdentity": "x" * 1_600_000})
    assert (error.code, error.reason, str(error)) == (500, "", "etcdserver: request is too large")


async def test_settings_that_are_immutable_stay_as_they_are(registry: Registry) -> None:
    maps = RESOURCES["configmaps"]
    await registry.create(
        maps, {"metadata": {"name": "x", "namespace": "default"}, "data": {"a": "b"}, "immutable": True}
    )
    for change in ({"data": {"a": "c"}}, {"immutable": False}):
        with pytest.raises(ApiError, match="field is immutable when `immutable` is set"):
            await registry.change(maps, "default", "x", lambda obj, change=change: {**obj, **change})


@pytest.mark.parametrize(
    ("group", "method", "path", "may"),
    [
        (VIEWER_GROUP, "GET", "/apis/policy/v1/poddisruptionbudgets", True),
        (VIEWER_GROUP, "GET", "/apis/storage.k8s.io/v1/volumeattachments", True),
        (VIEWER_GROUP, "GET", "/api/v1/persistentvolumes", True),
        (VIEWER_GROUP, "GET", "/apis/discovery.k8s.io/v1/endpointslices", True),
        (VIEWER_GROUP, "GET", "/api/v1/namespaces/default/secrets", False),
        (VIEWER_GROUP, "PATCH", "/apis/apps/v1/namespaces/default/deployments/d/scale", False),
        (OPERATOR_GROUP, "POST", "/api/v1/namespaces/default/pods/p/eviction", True),
        (OPERATOR_GROUP, "PATCH", "/api/v1/nodes/w1", True),
        (OPERATOR_GROUP, "DELETE", "/api/v1/namespaces/default/pods/p", False),
        (OPERATOR_GROUP, "GET", "/api/v1/namespaces/default/secrets", False),
        (OPERATOR_GROUP, "GET", "/metrics", False),
    ],
)
def test_the_profiles_reach_as_far_as_they_are_meant_to(group: str, method: str, path: str, may: bool) -> None:
    assert allowed(User("u", (group, AUTHENTICATED)), understand(method, path, {})) is may
