"""Kubeconfig files: the one a person uses (three users, three contexts) and those kubeadm keeps on its nodes.

Pure: certificates and addresses in, text out. JSON inside, which is YAML to every reader and needs no quoting rules.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from kconsole.lab.ground.pki import Pair

EXTENSION = "kconsole.io/lab"
"""The cluster extension from which a console learns that this cluster is a lab, and where to control it."""


def person_kubeconfig(
    name: str, *, server: str, ca: bytes, users: Mapping[str, Pair], control: Mapping[str, Any]
) -> str:
    """Contexts NAME (the first user), NAME-USER for the others; `control` is published as an extension."""
    first = next(iter(users))
    contexts = {name if user == first else f"{name}-{user}": user for user in users}
    cluster = _cluster(server, ca) | {"extensions": [{"name": EXTENSION, "extension": dict(control)}]}
    return _render(
        {
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": f"{name}-{user}", "user": _user(pair)} for user, pair in users.items()],
            "contexts": [
                {"name": context, "context": {"cluster": name, "user": f"{name}-{user}"}}
                for context, user in contexts.items()
            ],
            "current-context": name,
        }
    )


def component_kubeconfig(cluster: str, user: str, *, server: str, ca: bytes, pair: Pair) -> str:
    """The kubeconfig of one component (admin.conf, kubelet.conf …) as kubeadm names its entries."""
    context = f"{user}@{cluster}"
    return _render(
        {
            "clusters": [{"name": cluster, "cluster": _cluster(server, ca)}],
            "users": [{"name": user, "user": _user(pair)}],
            "contexts": [{"name": context, "context": {"cluster": cluster, "user": user}}],
            "current-context": context,
        }
    )


def _cluster(server: str, ca: bytes) -> dict[str, Any]:
    return {"server": server, "certificate-authority-data": _b64(ca)}


def _user(pair: Pair) -> dict[str, str]:
    return {"client-certificate-data": _b64(pair.cert), "client-key-data": _b64(pair.key)}


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _render(body: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "Config", "preferences": {}} | body, indent=2) + "\n"
