"""Built-in clusters for tests: in this process, on loopback, with everything they write under the test's own folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from kconsole.lab.cluster import Cluster
    from parts.labs import Kubectl, Start


@pytest.fixture
def lab_environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a lab whose runtime folder is the test's own."""
    runtime = tmp_path / "run"
    runtime.mkdir(exist_ok=True)
    return {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}


@pytest_asyncio.fixture
async def lab_factory(lab_environ: dict[str, str]) -> AsyncIterator[Start]:
    """`await lab_factory(**options)` starts a cluster that ends with the test: see `Options`; in memory unless said."""
    from kconsole.lab.cluster import Cluster
    from kconsole.lab.ground.birth import Options

    async with AsyncExitStack() as clusters:
        started: list[Cluster] = []

        async def start(*, environ: dict[str, str] | None = None, **options: Any) -> Cluster:
            options.setdefault("name", f"lab{len(started) + 1}")
            options.setdefault("memory", True)
            cluster = await Cluster.up(Options(**options), environ=environ or lab_environ)
            started.append(cluster)
            return await clusters.enter_async_context(cluster)

        yield start
    for cluster in started:
        if cluster.defect is not None:
            raise cluster.defect


@pytest_asyncio.fixture
async def lab(lab_factory: Start) -> Cluster:
    """The default cluster, in memory: cp1 and w1 to w3."""
    return await lab_factory()


@pytest.fixture
def kubectl(tmp_path: Path) -> Callable[[Path], Kubectl]:
    """`kubectl(kubeconfig)("get", "nodes")` runs the real one with a home of its own."""
    from parts.labs import Kubectl

    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed")
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    return lambda kubeconfig: Kubectl(program, kubeconfig, home)
