"""Faults by their words, as `kconsole lab fault` takes them: those of the API server's answers, and parts that stop.

KIND=VALUE[,…]                          see `apiserver.faults`
kubelet NODE stop|start
apiserver [NODE] stop|start             of all control planes when no node is named
etcd [NODE] stop|start|kill             kill: as a power failure; its kubelet starts it again
pod NS/NAME crash|unready|hang|ok       what its kubelet then sees; ok ends it
clear [KIND]                            end those faults, or all of them
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from kconsole.errors import UsageError
from kconsole.i18n import _
from kconsole.lab.access import ApiAway
from kconsole.lab.apiserver import faults
from kconsole.lab.indexes import controller_of
from kconsole.lab.kubelets import pod_knobs
from kconsole.lab.running import RunningCluster

_COMPONENTS = {"apiserver": "kube-apiserver", "etcd": "etcd"}
_ACTIONS = {"kubelet": ("stop", "start"), "apiserver": ("stop", "start"), "etcd": ("stop", "start", "kill")}


async def apply(cluster: RunningCluster, words: Sequence[str]) -> None:
    """Do what `words` say. UsageError says what they should have been."""
    first, rest = (words[0], list(words[1:])) if words else ("", [])
    if first == "clear":
        await clear(cluster, rest[0] if rest else "")
    elif first == "pod":
        await _play(cluster, rest)
    elif first in _ACTIONS:
        await _act(cluster, first, rest)
    elif len(words) == 1:
        cluster.faults.add(faults.parse(first))
    else:
        raise UsageError(_("A fault is one word such as latency=200ms, or kubelet NODE stop. See --help."))


async def _act(cluster: RunningCluster, kind: str, words: list[str]) -> None:
    action = words[-1] if words else ""
    if action not in _ACTIONS[kind] or len(words) > 2:
        pattern = f"{kind} {'NODE' if kind == 'kubelet' else '[NODE]'} {'|'.join(_ACTIONS[kind])}"
        raise UsageError(_("Say: {pattern}").format(pattern=pattern))
    nodes = [_known(cluster, kind, node) for node in words[:-1]]
    if kind == "kubelet":
        if not nodes:
            raise UsageError(_("Which node's kubelet? Say: kubelet NODE {action}").format(action=action))
        kubelet = cluster.kubelets[nodes[0]]
        if action == "stop":
            kubelet.stop()
        else:
            await kubelet.start()
        return
    for node in nodes or cluster.plan.addresses:
        if action == "kill":
            member = cluster.control_plane.members.get(node)
            if member is None:
                raise UsageError(_("No etcd runs on {node} now.").format(node=node))
            member.kill()
        elif action == "stop":
            await cluster.static_pods[node].hold(_COMPONENTS[kind])
        else:
            await cluster.static_pods[node].release(_COMPONENTS[kind])


async def _play(cluster: RunningCluster, words: list[str]) -> None:
    """Have a pod crash, fail its probes or not end when told to; `ok` lets it be."""
    namespace, _slash, name = words[0].partition("/") if words else ("", "", "")
    if len(words) != 2 or words[1] not in (*pod_knobs.STATES, "ok") or not name:
        pattern = f"pod NAMESPACE/NAME {'|'.join(pod_knobs.STATES)}|ok"
        raise UsageError(_("Say: {pattern}").format(pattern=pattern))
    if await cluster.api.change("pods", namespace, name, lambda pod: _played(pod, words[1])) is None:
        raise UsageError(_("There is no pod {name!r} in {namespace!r}.").format(name=name, namespace=namespace))


def _played(pod: dict[str, Any], state: str) -> dict[str, Any]:
    annotations = pod["metadata"].setdefault("annotations", {})
    annotations.pop(pod_knobs.STATE, None)
    if state != "ok":
        annotations[pod_knobs.STATE] = state
    return pod


def _played_pods(cluster: RunningCluster) -> list[tuple[str, str]]:
    """(NS/NAME, state) of the pods that are played otherwise than their owners' templates say."""
    found = []
    for pod in cluster.api.list("pods"):
        metadata = pod["metadata"]
        state = (metadata.get("annotations") or {}).get(pod_knobs.STATE, "")
        if state and not _is_of_template(cluster, pod):
            found.append((f"{metadata['namespace']}/{metadata['name']}", state))
    return found


def _is_of_template(cluster: RunningCluster, pod: dict[str, Any]) -> bool:
    """Whether the pod's state came with the template of the ReplicaSet it belongs to."""
    owner = controller_of(pod)
    if owner is None or owner["kind"] != "ReplicaSet":
        return False
    one = cluster.api.find("replicasets", pod["metadata"]["namespace"], owner["name"])
    annotations = one["spec"]["template"]["metadata"].get("annotations") if one else None
    return pod_knobs.STATE in (annotations or {})


def _known(cluster: RunningCluster, kind: str, node: str) -> str:
    names = list(cluster.kubelets) if kind == "kubelet" else list(cluster.plan.addresses)
    if node not in names:
        shown = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
        raise UsageError(_("There is no {kind} on {node!r}; there is on: {names}").format(
            kind=kind, node=node, names=shown
        ))  # fmt: skip
    return node


async def clear(cluster: RunningCluster, kind: str = "") -> None:
    """End the faults of a kind, or all."""
    if kind not in (*_ACTIONS, "pod"):
        cluster.faults.clear(kind)
    for name, component in _COMPONENTS.items():
        if kind in ("", name):
            for static in cluster.static_pods.values():
                if component in static.held:
                    await static.release(component)
    if kind in ("", "pod"):
        with contextlib.suppress(ApiAway):
            for where, _state in _played_pods(cluster):
                await _play(cluster, [where, "ok"])
    if kind in ("", "kubelet"):
        for kubelet in cluster.kubelets.values():
            if not kubelet.alive:
                await kubelet.start()


def standing(cluster: RunningCluster) -> list[str]:
    """The faults in force, in the words that `apply` takes."""
    found = list(cluster.faults.standing())
    found += [f"kubelet {name} stop" for name, kubelet in cluster.kubelets.items() if not kubelet.alive]
    for node, static in cluster.static_pods.items():
        found += [f"{name} {node} stop" for name, component in _COMPONENTS.items() if component in static.held]
    with contextlib.suppress(ApiAway):
        found += [f"pod {where} {state}" for where, state in _played_pods(cluster)]
    return found
