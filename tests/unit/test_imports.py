"""What start-up loads, looked at in a fresh interpreter: the first frame must not wait for what is needed later."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("textual", "kubernetes", "aiohttp", "asyncssh", "cryptography", "ruamel", "yaml")


def loaded_by(statement: str, *looked_for: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*[m for m in {looked_for!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_command_line_loads_nothing_heavy() -> None:
    assert loaded_by("import kconsole.cli", *HEAVY) == set()


def test_its_help_loads_nothing_heavy_either() -> None:
    assert loaded_by("from kconsole.cli import build_parser; build_parser().format_help()", *HEAVY) == set()


def test_the_screens_load_neither_the_client_nor_ssh() -> None:
    assert loaded_by("import kconsole.tui.app", "kubernetes", "asyncssh", "aiohttp") == set()


@pytest.mark.parametrize("room", ["model", "plan"])
def test_knowledge_loads_no_event_loop_and_no_sockets(room: str) -> None:
    # msgspec itself loads some of these on older Pythons.
    before = loaded_by("import msgspec", "asyncio", "socket", "subprocess")
    files = {"model": "nodes, pods, ages, cordons, versions", "plan": "steps, guards, cordon"}[room]
    assert loaded_by(f"from kconsole.{room} import {files}", "asyncio", "socket", "subprocess", *HEAVY) <= before
