"""Real kubectl of each minor here as the judge of the built-in cluster, or of a real one.

By default every client minor gets a built-in cluster of its own minor, in memory. With
KCONSOLE_CONFORMANCE_KUBECONFIG the same claims are put to a real, disposable cluster with at least three schedulable
workers (they make and remove namespaces named conformance-…, cordon, drain and taint nodes, so one process at a time);
KCONSOLE_CONFORMANCE_AUDIT may name its audit log, from which the claims on requests are then judged, and
KCONSOLE_CONFORMANCE_KUBECTL another kubectl than the one on PATH.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.cluster import Cluster
from kconsole.lab.ground.birth import Options
from parts.judging import REAL, Judged, Object
from parts.kubectls import MINORS, PROGRAM, present

AUDIT = os.environ.get("KCONSOLE_CONFORMANCE_AUDIT", "")
SPEED = 5.0
"""How much faster than on a real cluster pods start and stop."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module is judged by the oldest and the newest client, the others being exhaustive; or as it says itself."""
    if "judged" in metafunc.fixturenames:
        clients = list(_clients(getattr(metafunc.module, "EVERY_MINOR", False)))
        wanted = clients[-1:] if getattr(metafunc.module, "NEWEST_ONLY", False) else clients
        metafunc.parametrize("judged", wanted, indirect=True, scope="module")


def _clients(every: bool) -> Iterator[Any]:
    if PROGRAM is None:
        yield pytest.param(0, id="kubectl", marks=pytest.mark.skip(reason="kubectl is not installed"))
    elif REAL:
        yield pytest.param(0, id="real")
    else:
        found = list(present())
        for minor in sorted({*MINORS, *found}):
            if minor not in found:
                marks: Any = [pytest.mark.skip(reason=f"there is no kubectl 1.{minor} here")]
            elif every or minor in (found[0], found[-1]):
                marks = []
            else:
                marks = [pytest.mark.exhaustive]
            yield pytest.param(minor, id=f"1.{minor}", marks=marks)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Judged]:
    """The cluster that the module's tests share."""
    home = tmp_path_factory.mktemp("kubectl")
    if REAL:
        real = Judged(str(PROGRAM), Path(REAL), home, audit=Path(AUDIT) if AUDIT else None)
        await real.look()
        yield real
        return
    program = present()[request.param]
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(home)}
    memory = not getattr(request.module, "ON_ETCD", False)
    options = Options(name="judged", memory=memory, version=f"1.{request.param}")
    async with await Cluster.up(options, environ=environ) as lab:
        lab.running.clock.set_speed(SPEED)
        built_in = Judged(program, lab.kubeconfig, home, lab)
        await built_in.look()
        yield built_in
    if lab.defect is not None:
        raise lab.defect


@pytest_asyncio.fixture(loop_scope="module")
async def namespace(judged: Judged) -> AsyncIterator[str]:
    """A namespace of the test's own."""
    name = f"conformance-{secrets.token_hex(4)}"
    if judged.lab is None:
        await judged.ok("create", "namespace", name)
        while (await judged.kubectl("get", "serviceaccount", "default", namespace=name)).code:
            await asyncio.sleep(0.1)  # pods are refused until it is there
        judged.begin()
        yield name
        await judged.ok("delete", "namespace", name, "--wait=false")
        return
    await judged.lab.running.registry.create(RESOURCES["namespaces"], {"metadata": {"name": name}})
    judged.begin()
    yield name
    await judged.lab.running.registry.delete(RESOURCES["namespaces"], None, name)


@pytest_asyncio.fixture(loop_scope="module")
async def worker(judged: Judged) -> AsyncIterator[str]:
    """A node that may be cordoned; schedulable again afterwards."""
    name = judged.workers[0]
    yield name
    if judged.lab is None:
        await judged.ok("uncordon", name)
    else:
        await judged.lab.running.registry.change(RESOURCES["nodes"], None, name, _schedulable)


def _schedulable(node: Object) -> Object:
    return {**node, "spec": {key: value for key, value in node["spec"].items() if key != "unschedulable"}}
