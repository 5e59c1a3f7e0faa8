"""The questions a client can ask about itself: may I do this, what may I do, who am I. Pure: nothing is stored."""

from __future__ import annotations

from kconsole.lab.apiserver.authentication import User
from kconsole.lab.apiserver.authorization import Rule, allowed, rules_for
from kconsole.lab.apiserver.objects import checked_type
from kconsole.lab.apiserver.requests import Asked
from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.status import Object, invalid


def answer(resource: Resource, given: Object, user: User) -> Object:
    """The review with its status filled in."""
    review = checked_type(resource, given)
    review["metadata"].setdefault("creationTimestamp", None)
    if resource.kind == "SelfSubjectAccessReview":
        return {**review, "status": _access(resource, review.get("spec") or {}, user)}
    if resource.kind == "SelfSubjectRulesReview":
        return {**review, "status": _rules(user, (review.get("spec") or {}).get("namespace", ""))}
    return {**review, "status": {"userInfo": _user_info(user)}}


def _access(resource: Resource, spec: Object, user: User) -> Object:
    about, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (about is None) == (path is None):
        message = "Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise invalid(resource, "", [("spec.resourceAttributes", "FieldValueInvalid", message)])
    if path is not None:
        asked = Asked(path.get("verb", ""), path.get("path", ""))
    else:
        assert about is not None
        asked = Asked(
            about.get("verb", ""),
            "",
            about.get("group", ""),
            about.get("version", ""),
            about.get("resource", ""),
            about.get("namespace", ""),
            about.get("name", ""),
            about.get("subresource", ""),
        )
    return {"allowed": allowed(user, asked)}


def _rules(user: User, namespace: str) -> Object:
    rules = list(rules_for(user))
    of_resources = [rule for rule in rules if rule.resources and rule.namespace in ("", namespace)]
    return {
        "resourceRules": [_resource_rule(rule) for rule in of_resources],
        "nonResourceRules": [
            {"verbs": list(rule.verbs), "nonResourceURLs": list(rule.paths)} for rule in rules if rule.paths
        ],
        "incomplete": False,
    }


def _resource_rule(rule: Rule) -> Object:
    return {"verbs": list(rule.verbs), "apiGroups": list(rule.groups), "resources": list(rule.resources)}


def _user_info(user: User) -> Object:
    info: Object = {"username": user.name, "groups": list(user.groups)}
    if user.uid:
        info["uid"] = user.uid
    if user.extra:
        info["extra"] = {key: list(values) for key, values in user.extra.items()}
    return info
