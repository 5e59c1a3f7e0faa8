"""The few ways a request of a person can end without being done, and the exit code each has on the command line.

Raised close to the cause as sentences for the person at 3 a.m. (what is wrong, where, what to do) and caught once, at
the face.
"""

from __future__ import annotations

DONE = 0
"""Done, or nothing to do."""


class KconsoleError(Exception):
    """Something failed; nothing more is known than the sentence says."""

    exit_code = 1
    code = "failed"
    """Stable, English, for logs and JSON."""


class UsageError(KconsoleError):
    """What was asked cannot be understood: a wrong flag, name or configuration value."""

    exit_code = 2
    code = "usage"


class Refused(KconsoleError):
    """A guard or a missing consent stopped it before anything changed."""

    exit_code = 3
    code = "refused"


class StoppedPartway(KconsoleError):
    """Some of it was changed and some was not; the sentence lists which."""

    exit_code = 4
    code = "stopped-partway"


INTERRUPTED = 130
"""Ctrl-C on the command line."""
