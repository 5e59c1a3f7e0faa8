"""`kconsole lab`: the built-in cluster in a process of its own, with the console on it or alone, and its controls.

Starts, stops and asks; what a cluster is lives in `kconsole.lab`. Nothing of it is imported before it is needed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kconsole.cli.arguments import add_output, add_screen, settings_for
from kconsole.errors import DONE, UsageError
from kconsole.i18n import _

if TYPE_CHECKING:
    from kconsole.lab.client import LabClient


def add_parser(commands: Any) -> None:
    """Add `lab` and its subcommands."""
    lab = commands.add_parser(
        "lab",
        help=_("the built-in cluster: practise without one of your own"),
        description=_("Without a subcommand: start the built-in cluster, open the console on it, end both together."),
    )
    _add_shape(lab, again=False)
    add_screen(lab, again=True)
    lab.set_defaults(run=run)
    actions = lab.add_subparsers(title=_("commands"), metavar="COMMAND")

    up = actions.add_parser("up", help=_("run the built-in cluster until Ctrl-C, without the console"))
    _add_shape(up, again=True)
    up.add_argument("--attended", action="store_true", help=argparse.SUPPRESS)
    up.set_defaults(run=run_up)

    reset = actions.add_parser("reset", help=_("begin anew, at the same addresses"))
    reset.set_defaults(run=run_reset)
    fault = actions.add_parser(
        "fault",
        help=_("make something go wrong, list what does, or end it"),
        epilog=_fault_words(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    fault.add_argument("words", nargs="*", metavar="WORD")
    fault.set_defaults(run=run_fault)
    clock = actions.add_parser("clock", help=_("make delays pass faster, pause them, or skip some"))
    clock.add_argument("words", nargs="*", metavar="speed N | pause | resume | step SECONDS")
    clock.set_defaults(run=run_clock)
    status = actions.add_parser("status", help=_("what is running"))
    add_output(status, "text", "json")
    status.set_defaults(run=run_status)
    stop = actions.add_parser("stop", help=_("end a running lab"))
    stop.set_defaults(run=run_stop)
    for parser in (reset, fault, clock, status, stop):
        parser.add_argument("--name", default=argparse.SUPPRESS, help=_("which lab"))


def _fault_words() -> str:
    """What can follow `lab fault`."""
    rows = (
        ("latency=200ms | latency=200ms~50ms", _("answers come later")),
        ("error=401|403|429|500|502|503|504", _("answers are errors")),
        ("watch=drop|cut|hang|garbage|blank|expired", _("watches break that way")),
        ("continue=expired", _("the next page of a list is gone")),
        ("connections=refuse", _("nobody listens")),
        ("webhook=deny|fail|timeout", _("a webhook stops writes")),
        ("eviction=off|conflict", _("evictions are not offered, or time out")),
        ("history=compact", _("etcd forgets its history, once, now")),
        ("deprecated=GROUP/VERSION/RESOURCE@1.N", _("/metrics names an API that goes away")),
        ("  …,verb=VERB,resource=PLURAL,times=N", _("only for such requests, only so often")),
        ("kubelet NODE stop|start", _("a node falls silent")),
        ("apiserver [NODE] stop|start", _("an API server, or all")),
        ("etcd [NODE] stop|start|kill", _("a member of etcd, or all")),
        ("pod NS/NAME crash|unready|hang|ok", _("a pod that fails, is not ready, does not end")),
        ("clear [KIND]", _("end them")),
        ("", _("without words: what is in force")),
    )
    return "\n".join(f"{words:44} {meaning}" for words, meaning in rows)


def _add_shape(parser: argparse.ArgumentParser, *, again: bool) -> None:
    """The flags that say which cluster. With `again`, absent ones leave what stood before the subcommand."""

    def unset(value: Any) -> Any:
        return argparse.SUPPRESS if again else value

    group = parser.add_argument_group(_("built-in cluster"))
    group.add_argument("--nodes", type=int, metavar="N", default=unset(None), help=_("workers (3)"))
    group.add_argument("--control-planes", type=int, metavar="M", default=unset(None), help=_("control planes (1)"))
    group.add_argument("--version", dest="kubernetes", metavar="V", default=unset(None), help=_("Kubernetes (1.33)"))
    group.add_argument("--name", default=unset("lab"), help=_("for a second one beside the first"))
    group.add_argument("--keep", type=Path, metavar="DIR", default=unset(None), help=_("keep it here for next time"))
    group.add_argument(
        "--kubeconfig",
        dest="write_kubeconfig",
        type=Path,
        metavar="FILE",
        default=unset(None),
        help=_("also write its kubeconfig here"),
    )
    group.add_argument(
        "--memory", action="store_true", default=unset(False), help=_("without etcd; for thousands of nodes")
    )
    group.add_argument(
        "--provider",
        choices=("gke", "eks", "aks"),
        default=unset(""),
        help=_("nodes that look as that cloud's do"),
    )
    group.add_argument("--seed", type=int, metavar="N", default=unset(1), help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Start a cluster as a process of its own, open the console on it, and end it."""
    from kconsole.cli.console import open_console
    from kconsole.cli.lab_process import LabProcess

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(_("The console needs a terminal. Without one: kconsole lab up"))
    settings = settings_for(args)
    print(_("Starting the built-in cluster …"), file=sys.stderr)
    with LabProcess(shape_words(args)) as lab:
        return open_console(settings, kubeconfig=lab.state["kubeconfig"], context=lab.state["name"])


def shape_words(args: argparse.Namespace) -> list[str]:
    """The flags of `lab up` that ask for the cluster that `args` ask for."""
    given = {
        "--nodes": args.nodes,
        "--control-planes": args.control_planes,
        "--version": args.kubernetes,
        "--name": args.name,
        "--keep": args.keep and args.keep.absolute(),
        "--kubeconfig": args.write_kubeconfig and args.write_kubeconfig.absolute(),
        "--seed": args.seed,
        "--provider": args.provider or None,
    }
    words = [word for flag, value in given.items() if value is not None for word in (flag, str(value))]
    return words + (["--memory"] if args.memory else [])


def run_up(args: argparse.Namespace) -> int:
    """Run a cluster in the foreground."""
    from kconsole.lab.foreground import run_attended, run_foreground
    from kconsole.lab.ground.birth import Options

    options = Options(
        name=args.name,
        workers=args.nodes,
        control_planes=args.control_planes,
        version=args.kubernetes,
        keep=args.keep,
        kubeconfig=args.write_kubeconfig,
        memory=args.memory,
        seed=args.seed,
        provider=args.provider,
    )
    return run_attended(options) if args.attended else run_foreground(options)


def _client(args: argparse.Namespace) -> LabClient:
    from kconsole.lab.client import LabClient

    return LabClient.named(args.name)


def run_reset(args: argparse.Namespace) -> int:
    """Begin anew."""
    _client(args).post("/reset")
    print(_("The lab {name} is as new.").format(name=args.name))
    return DONE


def run_fault(args: argparse.Namespace) -> int:
    """Add, list or clear faults."""
    client = _client(args)
    words = [] if args.words == ["list"] else args.words
    faults = client.post("/faults", words=words)["faults"] if words else client.get("/faults")["faults"]
    for fault in faults:
        print(fault)
    if not faults:
        print(_("No faults are in force."))
    return DONE


def run_clock(args: argparse.Namespace) -> int:
    """Show or set the clock."""
    wanted = _clock_words(args.words)
    client = _client(args)
    clock = client.post("/clock", **wanted) if wanted else client.get("/clock")
    speed = clock["speed"]
    print(_("Delays are paused.") if not speed else _("Delays pass at {speed:g}× real time.").format(speed=speed))
    return DONE


def _clock_words(words: list[str]) -> dict[str, float]:
    if not words:
        return {}
    if words in (["pause"], ["resume"]):
        return {"speed": 0.0 if words == ["pause"] else 1.0}
    if len(words) == 2 and words[0] in ("speed", "step"):
        try:
            return {words[0]: float(words[1])}
        except ValueError:
            pass
    raise UsageError(_("Say: kconsole lab clock [speed N | pause | resume | step SECONDS]"))


def run_status(args: argparse.Namespace) -> int:
    """Show what is running."""
    status = _client(args).get("/status")
    if args.output == "json":
        print(json.dumps(status, indent=2))
        return DONE
    from kconsole.lab.foreground import describe

    print("\n".join(describe(status)))
    for fault in status["faults"]:
        print(_("  fault       {fault}").format(fault=fault))
    return DONE


def run_stop(args: argparse.Namespace) -> int:
    """End a running lab and wait until it is gone."""
    from kconsole.lab.ground.folders import wait_until_gone

    client = _client(args)
    client.post("/stop")
    wait_until_gone(args.name)
    print(_("The lab {name} has ended.").format(name=args.name))
    return DONE
