"""The /metrics of the API server: as much as people look for before an upgrade. Pure."""

from __future__ import annotations

from collections.abc import Iterable

_NAME = "apiserver_requested_deprecated_apis"
_HELP = "Which deprecated APIs were asked for since the server began, and the release that no longer has them."


def exposition(deprecated: Iterable[str]) -> bytes:
    """The text. `deprecated`: APIs asked for, as GROUP/VERSION/RESOURCE@RELEASE (GROUP `core` for the core group)."""
    lines = [f"# HELP {_NAME} [STABLE] {_HELP}", f"# TYPE {_NAME} gauge"]
    for one in sorted(deprecated):
        path, _, release = one.partition("@")
        group, version, resource = path.split("/")
        labels = {
            "group": "" if group == "core" else group,
            "removed_release": release,
            "resource": resource,
            "subresource": "",
            "version": version,
        }
        written = ",".join(f'{name}="{value}"' for name, value in labels.items())
        lines.append(f"{_NAME}{{{written}}} 1")
    return "\n".join([*lines, ""]).encode()
