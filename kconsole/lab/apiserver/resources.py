"""The resources of the API from the start, found by name and by path.

Adding a resource is adding a row in `kinds`, with its rules in `rules` and its columns in `tables`.
"""

from __future__ import annotations

from collections.abc import Mapping

from kconsole.lab.apiserver.kinds.cluster import CLUSTER
from kconsole.lab.apiserver.kinds.core import CORE
from kconsole.lab.apiserver.kinds.workloads import WORKLOADS
from kconsole.lab.apiserver.resource import Resource, Subresource

__all__ = ["BY_PATH", "RESOURCES", "Resource", "Subresource"]

_ROWS = (*CORE, *WORKLOADS, *CLUSTER)

RESOURCES: Mapping[str, Resource] = {row.plural: row for row in _ROWS}
"""Every resource by its plural name."""

BY_PATH: Mapping[tuple[str, str, str], Resource] = {(row.group, row.version, row.plural): row for row in _ROWS}
"""Every resource by the group, version and plural name in a request's path."""
