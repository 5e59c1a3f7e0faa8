"""Starts another program that must not outlive the lab, whatever ends the lab. Run as a script, never imported by it.

    python leash.py PROGRAM ARGUMENT...

with a pipe as standard input whose other end the lab holds. On Linux the kernel kills the program with its parent, and
this script becomes the program. Elsewhere it stays beside the program and kills it when the pipe closes. Only the
standard library, only what is needed: it is on the way of a cluster's start.
"""

import os
import select
import signal
import subprocess
import sys
from types import FrameType


def main(argv: list[str]) -> int:
    """Become `argv`, or run it and watch over it."""
    if sys.platform == "linux" and _die_with_parent():
        if _pipe_closed():  # the lab was gone before the kernel had been asked
            return 1
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.execv(argv[0], argv)  # noqa: S606 - an argument list, no shell
    return _watch(argv)


def _die_with_parent() -> bool:
    import ctypes

    set_parent_death_signal = 1
    try:
        return bool(ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def _pipe_closed() -> bool:
    readable, _, _ = select.select([0], [], [], 0)
    return bool(readable)


def _watch(argv: list[str]) -> int:
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    while child.poll() is None:
        readable, _, _ = select.select([0], [], [], 0.2)
        if readable:
            child.kill()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
