"""`kconsole` without a command: the console on the current context."""

from __future__ import annotations

import argparse
import os
import sys

from kconsole.cli.arguments import settings_for
from kconsole.errors import UsageError
from kconsole.i18n import _, choose_language
from kconsole.settings import Settings


def run(args: argparse.Namespace) -> int:
    """Open the console."""
    settings = settings_for(args)
    return open_console(
        settings, kubeconfig=args.kubeconfig, context=args.context, as_user=args.as_user, as_groups=args.as_groups
    )


def open_console(
    settings: Settings,
    *,
    kubeconfig: str | None,
    context: str | None,
    as_user: str | None = None,
    as_groups: list[str] | None = None,
) -> int:
    """Open the console and return its exit code. Raises UsageError where there is no usable terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(_("The console needs a terminal. For scripts: kconsole nodes, kconsole cordon, …"))
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise UsageError(_("This terminal (TERM=dumb) cannot show the console. Try: kconsole nodes --watch"))
    choose_language(settings.language or None)
    prepare_textual()
    from kconsole.tui.app import run_console

    return run_console(
        settings, kubeconfig=kubeconfig, context=context, as_user=as_user, as_groups=tuple(as_groups or ())
    )


def prepare_textual() -> None:
    """Textual reads these when it is first imported: no animation, and no more frames than a slow link can carry."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
    os.environ.setdefault("TEXTUAL_FPS", "15" if os.environ.get("SSH_CONNECTION") else "30")
