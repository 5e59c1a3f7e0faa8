"""Runs a cluster in this process until it is told to stop: by a signal, its control port, or its parent's end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

from kconsole.errors import DONE, KconsoleError
from kconsole.i18n import _
from kconsole.lab.cluster import Cluster
from kconsole.lab.ground.birth import Options

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_foreground(options: Options) -> int:
    """For a person: prints how to reach it, runs until Ctrl-C. Exit code 0 after a clean stop."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)

    def announce(cluster: Cluster) -> None:
        print("\n".join(describe(cluster.state)), flush=True)
        print(_("Ctrl-C ends it."), flush=True)

    return asyncio.run(_run(options, announce, attended=False))


def run_attended(options: Options) -> int:
    """For a parent process: one line of JSON when it is up or cannot be; ends when standard input does."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)

    def announce(cluster: Cluster) -> None:
        print(json.dumps(cluster.state), flush=True)

    try:
        return asyncio.run(_run(options, announce, attended=True))
    except KconsoleError as problem:
        print(json.dumps({"error": str(problem), "code": problem.exit_code}), flush=True)
        return problem.exit_code


async def _run(options: Options, announce: Callable[[Cluster], None], *, attended: bool) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    if attended:
        loop.add_reader(sys.stdin.fileno(), _at_end_of_input, stop)
    stopping = loop.create_task(stop.wait())
    starting = loop.create_task(Cluster.up(options))
    await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await (await starting).down()
        return DONE
    async with await starting as cluster:
        announce(cluster)
        asked = loop.create_task(cluster.stop_asked.wait())
        await asyncio.wait([asked, stopping], return_when=asyncio.FIRST_COMPLETED)
        for task in (asked, stopping):
            task.cancel()
    if cluster.defect is not None:
        raise KconsoleError(
            _("The lab ended by a defect of its own: {error!r}.").format(error=cluster.defect)
        ) from cluster.defect
    return DONE


def _at_end_of_input(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


def describe(state: Mapping[str, Any]) -> list[str]:
    """How to reach a running lab, for a person."""
    name = state["name"]
    if state["etcd"]:
        store = _("stored in etcd {version} (its manifest says {image})").format(
            version=state["etcd"], image=state["etcd_image"]
        )
    else:
        store = _("stored in memory, without etcd")
    lines = [
        _("Lab {name}: Kubernetes {version}, {nodes} nodes, {store}.").format(
            name=name, version=state["version"], nodes=state["nodes"], store=store
        ),
        _("  API         {url}").format(url=state["server"]),
        _("  contexts    {name} (admin), {name}-operator, {name}-viewer").format(name=name),
        f"  export KUBECONFIG={state['kubeconfig']}",
    ]
    if state["etcd_missing"]:
        lines.append(
            _("  No etcd was found. For the real thing: pip install 'kconsole[lab]', or your system's etcd package.")
        )
    if state["kept"]:
        lines.append(_("  Kept in {folder}: start it again with --keep {folder}").format(folder=state["kept"]))
    else:
        lines.append(_("  Nothing is kept when it ends."))
    return lines
