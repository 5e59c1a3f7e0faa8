"""A built-in cluster as a child process that cannot outlive us: it ends when the pipe we hold closes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import Any

from kconsole.errors import KconsoleError
from kconsole.i18n import _

_STOP_SECONDS = 20.0


class LabProcess:
    """`with LabProcess(words) as lab:` waits until it is up; leaving ends it and waits until it is gone."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self.state: dict[str, Any] = {}

    def __enter__(self) -> LabProcess:
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kconsole", "lab", "up", "--attended", *self._words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,  # keys pressed in this terminal are not signals for it
        )
        try:
            self.state = self._first_line()
        except BaseException:
            self._end()
            raise
        return self

    def _first_line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            said = self._errors.read().decode("utf-8", "replace").strip().splitlines()
            raise KconsoleError(
                _("The built-in cluster ended before it was up: {error}").format(error=said[-1] if said else "")
            )
        state: dict[str, Any] = json.loads(line)
        if "error" in state:
            raise KconsoleError(state["error"])
        return state

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()
