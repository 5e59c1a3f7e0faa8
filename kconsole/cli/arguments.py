"""Flags that several commands share, and what they come to together with the configuration file."""

from __future__ import annotations

import argparse
from typing import Literal

import msgspec

from kconsole.errors import UsageError
from kconsole.i18n import _
from kconsole.settings import Settings, config_file, load_settings

Mode = Literal["writable", "read-only", "protected"]


def add_cluster(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """The flags that choose a cluster. With `again`, for a subcommand: absent there leaves what stood before it."""
    unset = argparse.SUPPRESS if again else None
    group = parser.add_argument_group(_("cluster"))
    group.add_argument("--kubeconfig", metavar="FILE", default=unset, help=_("instead of $KUBECONFIG, ~/.kube/config"))
    group.add_argument("--context", metavar="NAME", default=unset, help=_("a context of the kubeconfig"))
    group.add_argument("--as", dest="as_user", metavar="USER", default=unset, help=_("act as this user"))
    group.add_argument(
        "--as-group", dest="as_groups", metavar="GROUP", action="append", default=unset, help=_("act in this group")
    )
    group.add_argument(
        "--read-only",
        action="store_true",
        default=argparse.SUPPRESS if again else False,
        help=_("change nothing, whatever is asked"),
    )


def add_screen(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """The flags that say how the console is drawn."""
    unset = argparse.SUPPRESS if again else None
    group = parser.add_argument_group(_("console"))
    group.add_argument("--ascii", action="store_const", const=True, default=unset, help=_("ASCII characters only"))
    group.add_argument("--theme", metavar="NAME", default=unset, help=_("colour theme"))
    group.add_argument("--lang", metavar="TAG", default=unset, help=_("language, such as en"))


def add_output(parser: argparse.ArgumentParser, *formats: str) -> None:
    """`-o`, of which the first format is the default."""
    parser.add_argument("-o", "--output", choices=formats, default=formats[0], help=_("output format"))


def add_consent(parser: argparse.ArgumentParser) -> None:
    """The flags of every command that changes something."""
    parser.add_argument("--plan", action="store_true", help=_("show the plan and change nothing"))
    parser.add_argument("-y", "--yes", action="store_true", help=_("do it without asking"))
    parser.add_argument("--unlock", metavar="REASON", help=_("allow changes in a protected context, for this run"))


def settings_for(args: argparse.Namespace) -> Settings:
    """The configuration file, with what the command line says instead."""
    settings = load_settings(config_file())
    said = {"ascii": getattr(args, "ascii", None), "theme": getattr(args, "theme", None)}
    said["language"] = getattr(args, "lang", None)
    if args.read_only:
        said["read_only"] = True
    return msgspec.structs.replace(settings, **{name: value for name, value in said.items() if value is not None})


def mode_of(settings: Settings, context: str, unlock: str | None) -> Mode:
    """Whether this run may change something in `context`. Raises UsageError for an unlock without a reason."""
    if unlock is not None and not unlock.strip():
        raise UsageError(_("--unlock needs a reason: it is kept in the journal."))
    if settings.read_only:
        return "read-only"
    return "protected" if settings.protects(context) and unlock is None else "writable"
