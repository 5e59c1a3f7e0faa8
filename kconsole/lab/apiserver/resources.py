"""The resources of the API from the start, found by name.

Adding a resource is adding a row in `kinds`, with its rules in `rules` and its columns in `tables`.
"""

from __future__ import annotations

from collections.abc import Mapping

from kconsole.lab.apiserver.kinds.cluster import CLUSTER
from kconsole.lab.apiserver.kinds.core import CORE
from kconsole.lab.apiserver.kinds.workloads import WORKLOADS
from kconsole.lab.apiserver.resource import Resource, Subresource

__all__ = ["RESOURCES", "Resource", "Subresource"]

_ROWS = (*CORE, *WORKLOADS, *CLUSTER)

RESOURCES: Mapping[str, Resource] = {row.plural: row for row in _ROWS}
"""Every resource by its plural name."""
