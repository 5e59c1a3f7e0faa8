"""Who is at the keyboard, for notes on nodes and for the journal.

Reads the environment of the process; a secret is never part of it.
"""

from __future__ import annotations

import getpass
import os
import socket

import msgspec


class Operator(msgspec.Struct, frozen=True):
    """A person, as far as this machine knows: login name (the one before sudo), host, and where SSH came from."""

    user: str
    host: str
    ssh_from: str | None = None

    def __str__(self) -> str:
        return f"{self.user}@{self.host}"


def operator() -> Operator:
    """The person running this process."""
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # no passwd entry, as in a container run with an arbitrary uid
        user = f"uid{os.getuid()}"
    origin = os.environ.get("SSH_CONNECTION", "").split(" ")[0]
    return Operator(user, socket.gethostname().split(".")[0], origin or None)
