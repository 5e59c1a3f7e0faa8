"""`kconsole nodes`: the node table without a screen, for scripts, pipes and screen readers."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable
from datetime import datetime, timezone
from itertools import zip_longest
from typing import Any

import msgspec

from kconsole.cli.arguments import add_cluster, add_output
from kconsole.cli.session import open_session
from kconsole.errors import DONE
from kconsole.i18n import _
from kconsole.model.cordons import cordon_of
from kconsole.model.nodes import Node, age_seconds, roles, status_text
from kconsole.model.printed import NODE_COLUMNS, NODE_WIDE_COLUMNS, node_cells


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("nodes", help=_("list the nodes, once or as they change"))
    add_cluster(parser, again=True)
    add_output(parser, "table", "wide", "json")
    parser.add_argument("-l", "--selector", default="", help=_("label selector, as kubectl takes it"))
    parser.add_argument(
        "-w", "--watch", action="store_true", help=_("go on with each change (json: one object a line)")
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the nodes."""
    asyncio.run(_watch(args) if args.watch else _once(args))
    return DONE


async def _once(args: argparse.Namespace) -> None:
    from kconsole.observe.nodes import list_nodes

    async with await open_session(args) as session:
        nodes = await list_nodes(session, selector=args.selector)
    now = datetime.now(timezone.utc)
    if args.output == "json":
        print(msgspec.json.format(msgspec.json.encode([node_to_json(node, now) for node in nodes])).decode())
    elif nodes:
        print("\n".join(table([node_cells(node, now) for node in nodes], args.output == "wide")))
    else:
        print(_("No nodes."))


async def _watch(args: argparse.Namespace) -> None:
    from kconsole.kube.inventory import Inventory

    wide = args.output == "wide"
    widths: list[int] = []
    problem = None
    async with await open_session(args) as session:
        inventory = Inventory(session, now=lambda: datetime.now(timezone.utc), selector=args.selector)
        running = asyncio.ensure_future(inventory.run())
        try:
            async for change in inventory.changes():
                now = datetime.now(timezone.utc)
                if change.link.problem != problem:
                    problem = change.link.problem
                    print(problem or _("Live again."), file=sys.stderr, flush=True)
                if args.output == "json":
                    for name in sorted(change.gone):
                        print(msgspec.json.encode({"name": name, "deleted": True}).decode(), flush=True)
                    for _name, node in sorted(change.upserts.items()):
                        print(msgspec.json.encode(node_to_json(node, now)).decode(), flush=True)
                    continue
                rows = [node_cells(node, now) for _name, node in sorted(change.upserts.items())]
                gone = [(name, "Deleted") for name in sorted(change.gone)]
                if rows or gone:
                    print("\n".join(table([*rows, *gone], wide, widths)), flush=True)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def node_to_json(node: Node, now: datetime) -> dict[str, Any]:
    """A node as `-o json` prints it; field names are a contract with scripts."""
    known = cordon_of(node)
    return {
        "name": node.name,
        "uid": node.metadata.uid,
        "status": status_text(node),
        "roles": list(roles(node)),
        "version": node.info.kubelet_version,
        "schedulable": not node.unschedulable,
        "cordon": None if known is None else {"by": known.by, "reason": known.reason, "since": known.since},
        "age_seconds": age_seconds(node, now),
        "conditions": [
            {
                "type": c.type,
                "status": c.status,
                "reason": c.reason,
                "message": c.message,
                "since": c.last_transition_time,
            }
            for c in node.conditions
        ],
        "taints": [{"key": t.key, "value": t.value, "effect": t.effect, "added": t.time_added} for t in node.taints],
        "addresses": [{"type": a.type, "address": a.address} for a in node.addresses],
        "os_image": node.info.os_image,
        "kernel": node.info.kernel_version,
        "runtime": node.info.container_runtime_version,
        "labels": node.labels,
    }


def table(rows: Iterable[tuple[str, ...]], wide: bool, widths: list[int] | None = None) -> list[str]:
    """Aligned lines of as many columns as are wanted.

    With `widths`, a list kept between calls, the header comes once and columns never shrink.
    """
    header = NODE_COLUMNS + NODE_WIDE_COLUMNS if wide else NODE_COLUMNS
    kept = [] if widths is None else widths
    lines = [*([] if kept else [header]), *(row[: len(header)] for row in rows)]
    columns = zip_longest(kept, *(map(len, line) for line in lines), fillvalue=0)
    kept[:] = [max(lengths) for lengths in columns]
    return ["   ".join(cell.ljust(width) for cell, width in zip(line, kept, strict=False)).rstrip() for line in lines]
