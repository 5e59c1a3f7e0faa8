"""The command line: one command a file, each the twin of something the console does.

Reads arguments, hands them to the same calls the screens use, prints, and turns the few error types into exit codes.
Nothing heavy is imported before a command needs it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from kconsole import __version__
from kconsole.cli import arguments, config, console, cordon, lab, nodes
from kconsole.errors import DONE, INTERRUPTED, KconsoleError
from kconsole.i18n import _, choose_language


def build_parser() -> argparse.ArgumentParser:
    """Every command and flag."""
    parser = argparse.ArgumentParser(
        prog="kconsole",
        description=_("The keyboard-driven maintenance console for kubeadm clusters. Without a command: the console."),
        epilog=_(
            "Exit codes: 0 done or nothing to do · 1 failed · 2 wrong usage · 3 refused by a guard, nothing changed · "
            "4 stopped part-way, what was changed is listed · 130 interrupted."
        ),
    )
    parser.add_argument("--version", action="version", version=f"kconsole {__version__}")
    arguments.add_cluster(parser)
    arguments.add_screen(parser)
    parser.set_defaults(run=console.run)
    commands = parser.add_subparsers(title=_("commands"), metavar="COMMAND")
    for command in (nodes, cordon, lab, config):
        command.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; never a traceback for what a person could have caused."""
    choose_language()
    args = build_parser().parse_args(argv)
    try:
        code: int = args.run(args)
    except KconsoleError as problem:
        print(f"kconsole: {problem}", file=sys.stderr)
        return problem.exit_code
    except KeyboardInterrupt:
        print(_("kconsole: interrupted."), file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output left, as `head` does: nobody is there to be told
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code
