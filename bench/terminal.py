"""A program on a real pseudo-terminal: what it sends, when, and what it costs.

Textual's headless mode skips encoding and writing, so every figure about the console is taken through this.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Usage(NamedTuple):
    """What an ended program used: processor seconds, and the most memory it ever held, in MiB."""

    cpu: float
    peak: float


class Terminal:
    """A program running on a pseudo-terminal of `size` (columns, rows)."""

    def __init__(
        self, argv: Sequence[str], size: tuple[int, int] = (80, 24), env: dict[str, str] | None = None
    ) -> None:
        self.started = time.monotonic()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            os.execvpe(argv[0], list(argv), {**os.environ, "TERM": "xterm-256color", **(env or {})})
        self.seen = b""
        self.sent = 0
        self.usage: Usage | None = None

    def read(self, seconds: float) -> bytes:
        """What arrives within that time, returned as soon as something does; empty when nothing did."""
        if not select.select([self._fd], [], [], max(0.0, seconds))[0]:
            return b""
        try:
            chunk = os.read(self._fd, 1 << 16)
        except OSError:
            return b""
        self.sent += len(chunk)
        self.seen = (self.seen + chunk)[-(1 << 18) :]
        return chunk

    def until(self, found: Callable[[bytes], bool], seconds: float = 60.0) -> float | None:
        """Seconds since the start when `found` was first true of the output; None if it never was in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)
            if found(self.seen):
                return time.monotonic() - self.started
        return None

    def drain(self, seconds: float) -> int:
        """Read for that long; the number of bytes that came."""
        before, end = self.sent, time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(end - time.monotonic())
        return self.sent - before

    def answer(self, key: bytes, seconds: float = 2.0) -> float | None:
        """Seconds from sending `key` to the first byte that comes back, after a moment in which nothing came."""
        quiet_by = time.monotonic() + seconds
        while self.read(0.02) and time.monotonic() < quiet_by:
            pass
        pressed = time.monotonic()
        os.write(self._fd, key)
        return time.monotonic() - pressed if self.read(seconds) else None

    def cpu(self) -> float:
        """Processor seconds used so far (Linux)."""
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> Usage:
        """Hang up as a lost SSH connection does, wait, and say what it used."""
        if self.usage is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            for _ in range(100):
                done, _status, used = os.wait4(self.pid, os.WNOHANG)
                if done:
                    break
                self.read(0.05)
            else:
                os.kill(self.pid, signal.SIGKILL)
                _, _status, used = os.wait4(self.pid, 0)
            os.close(self._fd)
            self.usage = Usage(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
        return self.usage
