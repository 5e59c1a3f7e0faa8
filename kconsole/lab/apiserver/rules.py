"""What is particular to each resource, found by its plural name; a resource without a row has no rules of its own."""

from __future__ import annotations

from collections.abc import Mapping

from kconsole.lab.apiserver.custom import custom_rules
from kconsole.lab.apiserver.kinds.cluster_rules import CLUSTER_RULES
from kconsole.lab.apiserver.kinds.pod_rules import PODS, quality_of_service
from kconsole.lab.apiserver.kinds.workload_rules import WORKLOAD_RULES
from kconsole.lab.apiserver.resource import Resource
from kconsole.lab.apiserver.rule import Cause, Rules

__all__ = ["RULES", "Cause", "Rules", "quality_of_service", "rules_of"]

RULES: Mapping[str, Rules] = {"pods": PODS, **WORKLOAD_RULES, **CLUSTER_RULES}
_PLAIN = Rules()


def rules_of(resource: Resource) -> Rules:
    """The rules of a resource."""
    if resource.custom is not None:
        return custom_rules(resource)
    return RULES.get(resource.plural, _PLAIN)
