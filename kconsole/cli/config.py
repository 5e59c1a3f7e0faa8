"""`kconsole config`: where the configuration is, what it says, and what it could say."""

from __future__ import annotations

import argparse
from typing import Any

from kconsole.errors import DONE
from kconsole.i18n import _
from kconsole.settings import config_file, explain, load_settings


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("config", help=_("show the configuration, or explain every setting"))
    parser.add_argument("--explain", action="store_true", help=_("every setting, its values, default and purpose"))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the settings in force, or all there are, as TOML that could be pasted into the file."""
    path = config_file()
    settings = load_settings(path)
    print(f"# {path}" + ("" if path.exists() else " " + _("(does not exist: these are the defaults)")))
    for key in explain():
        if args.explain:
            purpose, default = key["description"], _("default")
            print(f"\n# {_(purpose)}\n# {key['type']}; {default}: {_toml(key['default'])}")
        print(f"{key['name']} = {_toml(getattr(settings, key['name']))}")
    return DONE


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)
