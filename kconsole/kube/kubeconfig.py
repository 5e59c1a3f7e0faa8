"""Which clusters there are, as kubectl understands a kubeconfig or a list of them.

Cheap: reads files, talks to nobody. Merging is done here and not by the `kubernetes` package, whose rules differ from
kubectl's: it lets the last file choose the context, and fails on an empty file or a wrong shape with a traceback.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from kconsole.i18n import _
from kconsole.kube.errors import ConfigProblem
from kconsole.kube.impersonation import Impersonation
from kconsole.kube.kubeconfig_file import Cluster, ContextEntry, KubeconfigFile, User, read

LAB_EXTENSION = "kconsole.io/lab"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
IN_CLUSTER = "in-cluster"


class LabEntry(msgspec.Struct, frozen=True):
    """What a built-in cluster's kubeconfig says of it: its control port's URL, the token for it, the lab's name."""

    control: str
    token: str
    name: str
    kubeconfig: str = ""
    """Where that kubeconfig is, for a kubectl in another terminal."""


class Context(msgspec.Struct, frozen=True):
    """One way to a cluster, as a person chooses it."""

    name: str
    cluster: str
    user: str
    server: str
    namespace: str
    impersonate: str | None
    lab: LabEntry | None
    default: bool


class Access(msgspec.Struct):
    """A context with everything it points to, paths absolute."""

    context: Context
    cluster: Cluster
    user: User
    impersonation: Impersonation | None = None
    path: Path | None = None
    """The file that holds the user entry; None inside a cluster."""


class _Merged(msgspec.Struct):
    current: str | None
    contexts: dict[str, ContextEntry]
    clusters: dict[str, Cluster]
    users: dict[str, User]
    user_files: dict[str, Path]
    where: str


def contexts(kubeconfig: str | None = None) -> list[Context]:
    """Every context, in the order of the files.

    `kubeconfig` is the value of `--kubeconfig` (one file); without it $KUBECONFIG counts (a list of files), then
    ~/.kube/config, then the service account of the pod this runs in. Raises ConfigProblem.
    """
    merged = _merge(kubeconfig)
    if merged is None:
        return [_in_cluster().context]
    return [_context(merged, name) for name in merged.contexts]


def resolve(kubeconfig: str | None = None, context: str | None = None) -> Access:
    """Everything about one context: the named one, or the current one. Raises ConfigProblem."""
    merged = _merge(kubeconfig)
    if merged is None:
        if context not in (None, IN_CLUSTER):
            raise ConfigProblem(_("There is no kubeconfig, so there is no context {name}.").format(name=context))
        return _in_cluster()
    name = context or merged.current
    if not name:
        text = _("No context is chosen in {where}. Name one with --context: {known}.")
        raise ConfigProblem(text.format(where=merged.where, known=_listed(merged.contexts)))
    if name not in merged.contexts:
        text = _("There is no context {name} in {where}. Known: {known}.")
        raise ConfigProblem(text.format(name=name, where=merged.where, known=_listed(merged.contexts)))
    return _access(merged, name)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or _("none")


def _access(merged: _Merged, name: str) -> Access:
    entry, found = merged.contexts[name], _context(merged, name)
    cluster = merged.clusters.get(entry.cluster or "")
    if cluster is None or not cluster.server:
        text = _("Context {name} in {where} names the cluster {cluster}, which has no entry with a server.")
        raise ConfigProblem(text.format(name=name, where=merged.where, cluster=entry.cluster or '""'))
    if entry.user and entry.user not in merged.users:
        text = _("Context {name} in {where} names the user {user}, which has no entry.")
        raise ConfigProblem(text.format(name=name, where=merged.where, user=entry.user))
    user = merged.users.get(entry.user or "", User())
    extra = {key: tuple(values) for key, values in (user.as_user_extra or {}).items()}
    acting = (
        Impersonation(user.act_as, tuple(user.as_groups or ()), user.as_uid or None, extra) if user.act_as else None
    )
    return Access(found, cluster, user, acting, merged.user_files.get(entry.user or ""))


def _context(merged: _Merged, name: str) -> Context:
    entry = merged.contexts[name]
    cluster = merged.clusters.get(entry.cluster or "", Cluster())
    user = merged.users.get(entry.user or "", User())
    return Context(
        name=name,
        cluster=entry.cluster or "",
        user=entry.user or "",
        server=(cluster.server or "").rstrip("/"),
        namespace=entry.namespace or "default",
        impersonate=user.act_as or None,
        lab=_lab(cluster),
        default=name == merged.current,
    )


def _lab(cluster: Cluster) -> LabEntry | None:
    try:
        return msgspec.convert(cluster.extension(LAB_EXTENSION), LabEntry | None)
    except msgspec.ValidationError:
        return None


def _candidates(kubeconfig: str | None) -> tuple[list[Path], bool]:
    """The files to read, and whether a person named exactly this one (then it must exist)."""
    if kubeconfig:
        return [Path(kubeconfig).expanduser()], True
    if listed := [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]:
        return [Path(part).expanduser() for part in dict.fromkeys(listed)], False
    return [Path("~/.kube/config").expanduser()], False


def _merge(kubeconfig: str | None) -> _Merged | None:
    """All files as one; None when there is none and this runs inside a cluster."""
    paths, explicit = _candidates(kubeconfig)
    where = ", ".join(str(path) for path in paths)
    files: list[tuple[Path, KubeconfigFile | None]] = []
    for path in paths:
        try:
            files.append((path, read(path)))
        except FileNotFoundError:
            if explicit:
                raise ConfigProblem(_("There is no kubeconfig at {path}.").format(path=path)) from None
    filled = [(path, file) for path, file in files if file is not None]
    if not filled:
        if not explicit and is_in_cluster():
            return None
        if files:
            text = _("The kubeconfig {where} is empty. Get one from the cluster, or name another with --kubeconfig.")
        else:
            text = _("There is no kubeconfig at {where}. Name one with --kubeconfig or $KUBECONFIG.")
        raise ConfigProblem(text.format(where=where))
    return _merged(filled, where)


def _merged(files: list[tuple[Path, KubeconfigFile]], where: str) -> _Merged:
    """The first file that says a thing wins; entries are taken whole, never mixed."""
    merged = _Merged(None, {}, {}, {}, {}, where)
    for path, file in files:
        merged.current = merged.current or file.current_context
        contexts = [(entry.name, entry.context or ContextEntry()) for entry in file.contexts or ()]
        clusters = [(entry.name, entry.cluster or Cluster()) for entry in file.clusters or ()]
        users = [(entry.name, entry.user or User()) for entry in file.users or ()]
        _add(merged.contexts, contexts, path, "contexts")
        _add(merged.clusters, clusters, path, "clusters")
        _add(merged.users, users, path, "users")
        for name, _user in users:
            merged.user_files.setdefault(name, path)
    return merged


T = TypeVar("T")


def _add(known: dict[str, T], entries: list[tuple[str, T]], path: Path, kind: str) -> None:
    """Add what is not known yet; one file may name a thing only once."""
    mine: set[str] = set()
    for name, content in entries:
        if name in mine:
            text = _("The kubeconfig {path} names {name} twice under {kind}.")
            raise ConfigProblem(text.format(path=path, name=name, kind=kind))
        mine.add(name)
        known.setdefault(name, content)


def is_in_cluster() -> bool:
    """Whether this runs in a pod that was given a service account."""
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and (SERVICE_ACCOUNT / "token").is_file()


def _in_cluster() -> Access:
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT") or "443"
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    try:
        namespace = (SERVICE_ACCOUNT / "namespace").read_text().strip()
    except OSError:
        namespace = "default"
    context = Context(IN_CLUSTER, IN_CLUSTER, "serviceaccount", server, namespace, None, None, True)
    cluster = Cluster(server=server, certificate_authority=str(SERVICE_ACCOUNT / "ca.crt"))
    return Access(context, cluster, User(token_file=str(SERVICE_ACCOUNT / "token")))
