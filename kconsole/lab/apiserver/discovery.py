"""What the server serves, as clients discover it: aggregated (one document), plain (one a group and version), /version.

Computed from the resources. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

from kconsole.lab.apiserver.media import JSON, MediaRange, parse_accept
from kconsole.lab.apiserver.resources import Resource, Subresource
from kconsole.lab.apiserver.status import Object

_AGGREGATED_V2_SINCE = 30
_AGGREGATED_GROUP = "apidiscovery.k8s.io"
_GO_VERSIONS = {27: "go1.20.10", 28: "go1.20.13", 29: "go1.21.12", 30: "go1.22.8", 31: "go1.22.9", 32: "go1.23.6"}


def minor_of(version: str) -> int:
    """33 for `1.33.4`."""
    return int(version.split(".")[1])


def version_document(version: str) -> Object:
    """The answer to /version for a server of `version` (such as `1.33.4`)."""
    major, minor, *_ = version.split(".")
    found: Object = {"major": major, "minor": minor}
    if int(minor) >= 33:
        found |= {"emulationMajor": major, "emulationMinor": minor}
        found |= {"minCompatibilityMajor": major, "minCompatibilityMinor": str(int(minor) - 1)}
    return found | {
        "gitVersion": f"v{version}",
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "2025-01-01T00:00:00Z",
        "goVersion": _GO_VERSIONS.get(int(minor), "go1.24.5"),
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def groups(resources: Iterable[Resource]) -> dict[tuple[str, str], list[Resource]]:
    """The resources of each group and version, core first."""
    found: dict[tuple[str, str], list[Resource]] = {}
    for resource in resources:
        found.setdefault((resource.group, resource.version), []).append(resource)
    return found


def core_versions() -> Object:
    """The plain /api document."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group_list(resources: Iterable[Resource]) -> Object:
    """The plain /apis document."""
    found = [group_document(group, version) for group, version in groups(resources) if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def group_document(group: str, version: str) -> Object:
    """The plain /apis/GROUP document, without its own type."""
    entry = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [entry], "preferredVersion": entry}


def find_group(resources: Iterable[Resource], path: str) -> Object | None:
    """The document of /apis/GROUP; None when the path is no group's."""
    for group, version in groups(resources):
        if group and path == f"/apis/{group}":
            return {"kind": "APIGroup", "apiVersion": "v1", **group_document(group, version)}
    return None


def find_resource_list(resources: Iterable[Resource], path: str) -> Object | None:
    """The document of /api/v1 or /apis/GROUP/VERSION; None when the path is none of these."""
    for (group, version), found in groups(resources).items():
        if path == (f"/apis/{group}/{version}" if group else f"/api/{version}"):
            return {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": f"{group}/{version}" if group else version,
                "resources": [row for resource in found for row in _plain_rows(resource)],
            }
    return None


def _plain_rows(resource: Resource) -> Iterable[Object]:
    row: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    yield row
    for sub in resource.subresources:
        part: Object = {
            "name": f"{resource.plural}/{sub.name}",
            "singularName": "",
            "namespaced": resource.namespaced,
            "kind": sub.kind or resource.kind,
            "verbs": list(sub.verbs),
        }
        if sub.group:
            part |= {"group": sub.group, "version": sub.version}
        yield part


def aggregated_media_type(accept: str, version: str) -> str | None:
    """The aggregated media type to answer with, if the client prefers one that a server of `version` has."""
    for media in parse_accept(accept):
        if media.type == JSON and not media["as"]:
            return None
        if _is_aggregated(media) and (media["v"] == "v2beta1" or minor_of(version) >= _AGGREGATED_V2_SINCE):
            return f"{JSON};g={_AGGREGATED_GROUP};v={media['v']};as=APIGroupDiscoveryList"
    return None


def _is_aggregated(media: MediaRange) -> bool:
    wanted = (JSON, _AGGREGATED_GROUP, "APIGroupDiscoveryList")
    return (media.type, media["g"], media["as"]) == wanted and media["v"] in ("v2", "v2beta1")


def aggregated(resources: Iterable[Resource], *, core: bool, media_type: str) -> Object:
    """The aggregated document of /api (`core`) or /apis."""
    version = "v2" if ";v=v2;" in media_type else "v2beta1"
    items = [
        {
            "metadata": {"name": group, "creationTimestamp": None} if group else {"creationTimestamp": None},
            "versions": [
                {
                    "version": group_version,
                    "resources": [_aggregated_row(resource) for resource in found],
                    "freshness": "Current",
                }
            ],
        }
        for (group, group_version), found in groups(resources).items()
        if (not group) == core
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"{_AGGREGATED_GROUP}/{version}",
        "metadata": {},
        "items": items,
    }


def _aggregated_row(resource: Resource) -> Object:
    row: Object = {
        "resource": resource.plural,
        "responseKind": _kind(resource, None),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    if resource.subresources:
        row["subresources"] = [
            {"subresource": sub.name, "responseKind": _kind(resource, sub), "verbs": list(sub.verbs)}
            for sub in resource.subresources
        ]
    return row


def _kind(resource: Resource, sub: Subresource | None) -> Object:
    if sub is not None and sub.kind:
        return {"group": sub.group, "version": sub.version, "kind": sub.kind}
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}
