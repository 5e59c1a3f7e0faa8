"""What each of the built-in cluster's users may do: told by `auth can-i` and enforced alike."""

from __future__ import annotations

import pytest

from parts.judging import REAL, Judged, only
from parts.manifests import pod

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(bool(REAL), reason="the users admin, operator and viewer are the built-in cluster's"),
]


@pytest.mark.parametrize(
    ("user", "words", "allowed"),
    [
        ("viewer", ("get", "nodes"), True),
        ("viewer", ("list", "pods", "-A"), True),
        ("viewer", ("patch", "nodes"), False),
        ("viewer", ("create", "pods", "--subresource=eviction"), False),
        ("viewer", ("get", "secrets"), False),
        ("operator", ("patch", "nodes"), True),
        ("operator", ("create", "pods", "--subresource=eviction"), True),
        ("operator", ("get", "daemonsets.apps"), True),
        ("operator", ("list", "poddisruptionbudgets.policy"), True),
        ("operator", ("get", "secrets"), False),
        ("admin", ("*", "*"), True),
    ],
)
async def test_can_i_tells_what_is_so(judged: Judged, user: str, words: tuple[str, ...], allowed: bool) -> None:
    ran = await judged.kubectl("auth", "can-i", *words, user=user)
    assert (ran.out.strip().split()[0], ran.code) == (("yes", 0) if allowed else ("no", 1))


async def test_a_viewer_sees_everything_and_changes_nothing(judged: Judged, namespace: str, worker: str) -> None:
    assert worker in (await judged.ok("get", "nodes", user="viewer")).names
    await judged.ok("describe", "node", worker, user="viewer")
    for words in (("label", "node", worker, "a=b"), ("delete", "node", worker), ("create", "configmap", "c")):
        ran = await judged.fails(*words, namespace=namespace, user="viewer")
        assert 'is forbidden: User "' in ran.err or "is forbidden" in ran.err
        assert "cannot" in ran.err
    secret = await judged.fails("get", "secrets", namespace=namespace, user="viewer")
    assert 'cannot list resource "secrets" in API group "" in the namespace' in secret.err
    assert "a" not in (await judged.json("get", "node", worker))["metadata"]["labels"]


async def test_a_viewers_drain_evicts_nothing(judged: Judged, namespace: str, worker: str) -> None:
    await judged.create(pod("p", worker), namespace=namespace)
    await judged.ready("p", namespace=namespace)
    judged.begin()
    ran = await judged.kubectl("drain", worker, only(namespace, "p"), "--force", "--timeout=20s", user="viewer")
    assert f'nodes "{worker}" is forbidden' in ran.err
    assert {asked.code for asked in judged.requests(verb="patch", resource="nodes")} == {403}
    assert {asked.code for asked in judged.requests(subresource="eviction")} <= {403}
    assert (await judged.ok("get", "pods", namespace=namespace)).rows[1][2] == "Running"


async def test_an_operator_drains(judged: Judged, namespace: str, worker: str) -> None:
    await judged.create(pod("p", worker), namespace=namespace)
    await judged.ready("p", namespace=namespace)
    words = (only(namespace, "p"), "--force", "--timeout=40s", "--ignore-daemonsets")
    ran = await judged.ok("drain", worker, *words, user="operator")
    assert f"node/{worker} drained" in ran.out
    await judged.ok("uncordon", worker, user="operator")


async def test_what_a_container_would_have_to_answer_is_refused_clearly(judged: Judged, namespace: str) -> None:
    await judged.create(pod("p", judged.workers[0]), namespace=namespace)
    await judged.ready("p", namespace=namespace)
    for words in (("exec", "p", "--", "true"), ("port-forward", "p", "0:80"), ("attach", "p")):
        ran = await judged.fails(*words, namespace=namespace)
        assert "rror" in ran.err
    assert (await judged.ok("logs", "p", namespace=namespace)).out
    assert (await judged.ok("logs", "p", "--tail=1", namespace=namespace)).out.count("\n") <= 1
    unknown = await judged.fails("logs", "p", "-c", "none", namespace=namespace)
    assert "container none is not valid for pod p" in unknown.err


async def test_server_side_apply_is_done_or_refused_in_a_sentence(judged: Judged, namespace: str) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "b"}}
    ran = await judged.kubectl("apply", "--server-side", "-f", "-", stdin=manifest, namespace=namespace)
    assert ran.code == 0 or "server-side apply is not supported" in ran.err
