from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kconsole.lab.apiserver.patches import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Patch
from kconsole.lab.apiserver.patches.jsonpatch import PatchFailed, apply_json_patch
from kconsole.lab.apiserver.patches.merge import apply_merge_patch
from kconsole.lab.apiserver.patches.strategic import apply_strategic_patch
from kconsole.lab.apiserver.status import ApiError
from kconsole.lab.apiserver.typed.notation import fields_of, fields_of_kind

plain = st.recursive(
    st.booleans() | st.integers(-5, 5) | st.text("abc", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc/~", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
objects = st.dictionaries(st.text("abc", min_size=1, max_size=2), plain, max_size=4)


NODE_STATUS, POD_SPEC, POD = fields_of("NodeStatus"), fields_of("PodSpec"), fields_of_kind("Pod")


def merge_from(before: Any, after: Any) -> Any:
    """The merge patch that leads from one value to another."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    patch = {key: merge_from(before.get(key), value) for key, value in after.items()}
    return {**patch, **{key: None for key in before if key not in after}}


@given(objects, objects)
def test_a_merge_patch_leads_where_it_was_made_to_lead(before: Any, after: Any) -> None:
    kept = copy.deepcopy(before)
    assert apply_merge_patch(before, merge_from(before, after)) == after
    assert before == kept


@given(objects, objects)
def test_without_keyed_lists_a_strategic_patch_is_a_merge_patch(before: Any, after: Any) -> None:
    kept = copy.deepcopy(before)
    assert apply_strategic_patch(before, merge_from(before, after)) == after
    assert before == kept


@given(objects, objects)
def test_json_patch_replaces_the_whole_and_leaves_the_original_alone(before: Any, after: Any) -> None:
    kept = copy.deepcopy(before)
    assert apply_json_patch(before, [{"op": "replace", "path": "", "value": after}]) == after
    assert before == kept


@given(objects, plain)
def test_json_patch_add_then_remove_is_nothing(before: Any, value: Any) -> None:
    operations = [
        {"op": "add", "path": "/new~1~0key", "value": value},
        {"op": "test", "path": "/new~1~0key", "value": value},
    ]
    assert apply_json_patch(before, operations)["new/~key"] == value
    assert apply_json_patch(before, [*operations, {"op": "remove", "path": "/new~1~0key"}]) == before


conditions = st.dictionaries(st.sampled_from("ABCD"), st.sampled_from(["True", "False"]), max_size=4)


@given(conditions, conditions)
def test_conditions_merge_by_type_whatever_their_order(before: dict[str, str], change: dict[str, str]) -> None:
    def as_list(of: dict[str, str]) -> list[dict[str, str]]:
        return [{"type": kind, "status": status} for kind, status in of.items()]

    patched = apply_strategic_patch({"conditions": as_list(before)}, {"conditions": as_list(change)}, NODE_STATUS)
    assert {one["type"]: one["status"] for one in patched["conditions"]} == {**before, **change}


def test_the_cordon_and_uncordon_patches_of_kubectl() -> None:
    cordoned = apply_strategic_patch({"spec": {"podCIDR": "10.0.0.0/24"}}, {"spec": {"unschedulable": True}})
    assert cordoned == {"spec": {"podCIDR": "10.0.0.0/24", "unschedulable": True}}
    assert apply_strategic_patch(cordoned, {"spec": {"unschedulable": None}}) == {"spec": {"podCIDR": "10.0.0.0/24"}}


def test_taints_are_replaced_as_a_whole_because_they_are_atomic_in_the_api() -> None:
    before = {"taints": [{"key": "a", "effect": "NoSchedule"}, {"key": "b", "effect": "NoExecute"}]}
    after = apply_strategic_patch({"spec": before}, {"spec": {"taints": [{"key": "b", "effect": "NoExecute"}]}})
    assert after["spec"]["taints"] == [{"key": "b", "effect": "NoExecute"}]


def test_an_item_is_deleted_by_its_key_and_others_stay() -> None:
    before = {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]}
    assert apply_strategic_patch(before, {"containers": [{"name": "a", "$patch": "delete"}]}, POD_SPEC) == {
        "containers": [{"name": "b", "image": "2"}]
    }


def test_lists_inside_list_items_merge_by_their_own_keys() -> None:
    before = {"containers": [{"name": "a", "env": [{"name": "X", "value": "1"}], "ports": [{"containerPort": 80}]}]}
    change = {"containers": [{"name": "a", "env": [{"name": "Y", "value": "2"}], "ports": [{"containerPort": 81}]}]}
    (container,) = apply_strategic_patch(before, change, POD_SPEC)["containers"]
    assert [one["name"] for one in container["env"]] == ["X", "Y"]
    assert [one["containerPort"] for one in container["ports"]] == [80, 81]


def test_an_item_without_its_key_is_refused() -> None:
    with pytest.raises(PatchFailed):
        apply_strategic_patch({}, {"conditions": [{"status": "True"}]}, NODE_STATUS)


def test_set_element_order_puts_items_where_the_client_wants_them_and_keeps_the_servers_own_between() -> None:
    before = {"containers": [{"name": "a"}, {"name": "server"}, {"name": "b"}]}
    change = {
        "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}, {"name": "c"}],
        "containers": [{"name": "c"}],
    }
    names = [one["name"] for one in apply_strategic_patch(before, change, POD_SPEC)["containers"]]
    assert names == ["server", "b", "a", "c"]


def test_retain_keys_drops_what_it_does_not_name() -> None:
    before = {"volumes": [{"name": "v", "emptyDir": {}}]}
    change = {"volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}]}
    assert apply_strategic_patch(before, change, POD_SPEC) == {"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]}


def test_finalizers_merge_as_a_set_and_are_taken_from_it() -> None:
    before = {"metadata": {"finalizers": ["a", "b"]}}
    added = apply_strategic_patch(before, {"metadata": {"finalizers": ["b", "c"]}}, POD)
    assert added["metadata"]["finalizers"] == ["a", "b", "c"]
    taken = apply_strategic_patch(added, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}, POD)
    assert taken["metadata"]["finalizers"] == ["b", "c"]


def test_patch_replace_takes_the_patch_for_the_whole() -> None:
    assert apply_strategic_patch({"a": {"b": 1}}, {"a": {"$patch": "replace", "c": 2}}) == {"a": {"c": 2}}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/no"},
        {"op": "replace", "path": "/no", "value": 1},
        {"op": "test", "path": "/a", "value": 2},
        {"op": "test", "path": "/t", "value": 1},
        {"op": "add", "path": "/a/b", "value": 1},
        {"op": "add", "path": "/l/7", "value": 1},
        {"op": "remove", "path": "/l/-"},
        {"op": "move", "path": "/l/0/x", "from": "/l/0"},
        {"op": "copy", "path": "/b"},
        {"op": "add", "path": "/b"},
        {"op": "sing", "path": "/a"},
        {"op": "add", "path": "b", "value": 1},
        {"op": "add"},
        {"op": "remove", "path": ""},
        "add",
    ],
)
def test_an_operation_that_does_not_fit_fails(operation: Any) -> None:
    with pytest.raises(PatchFailed):
        apply_json_patch({"a": 1, "l": [{}], "t": True}, [operation])


def test_json_patch_moves_copies_and_inserts() -> None:
    before = {"a": [1, 2, 3], "b": {}}
    operations = [
        {"op": "move", "from": "/a/0", "path": "/b/x"},
        {"op": "copy", "from": "/b/x", "path": "/a/-"},
        {"op": "add", "path": "/a/0", "value": 0},
    ]
    assert apply_json_patch(before, operations) == {"a": [0, 2, 3, 1], "b": {"x": 1}}


def test_server_side_apply_is_refused_in_words_that_say_what_to_do() -> None:
    with pytest.raises(ApiError) as refused:
        Patch("application/apply-patch+yaml", b"{}")
    assert refused.value.code == 415
    assert "client-side apply" in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [("text/plain", b"{}", 415), (MERGE_PATCH, b"{", 400), (JSON_PATCH, b"{}", 400), (STRATEGIC_PATCH, b"[]", 400)],
)
def test_what_is_no_patch_is_refused(kind: str, body: bytes, code: int) -> None:
    with pytest.raises(ApiError) as refused:
        Patch(kind, body)
    assert refused.value.code == code


def test_a_patch_that_does_not_fit_is_a_422() -> None:
    patch = Patch(JSON_PATCH, b'[{"op":"test","path":"/metadata/name","value":"x"}]')
    with pytest.raises(ApiError) as refused:
        patch.apply({"metadata": {"name": "a"}})
    assert refused.value.code == 422


def test_a_patch_cannot_take_the_metadata_away() -> None:
    with pytest.raises(ApiError) as refused:
        Patch(MERGE_PATCH, b'{"metadata":null}').apply({"metadata": {"name": "a"}})
    assert refused.value.code == 400
