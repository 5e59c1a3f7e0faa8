"""One kubeconfig file: its shape, and reading it with a sentence for everything that can be wrong with it.

Reads one file; merges nothing, resolves nothing, talks to nobody.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from kconsole.i18n import _
from kconsole.kube.errors import ConfigProblem


class Extension(msgspec.Struct):
    """What a tool other than kubectl keeps in a kubeconfig."""

    name: str
    extension: Any = None


class Cluster(msgspec.Struct, rename="kebab"):
    """Where a cluster is, and how to know that it is the right one."""

    server: str | None = None
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    insecure_skip_tls_verify: bool | None = None
    tls_server_name: str | None = None
    proxy_url: str | None = None
    disable_compression: bool | None = None
    extensions: list[Extension] | None = None

    def extension(self, name: str) -> Any:
        """The content of the extension of that name, None without one."""
        return next((e.extension for e in self.extensions or () if e.name == name), None)


class EnvVar(msgspec.Struct):
    """A variable of a plugin's environment."""

    name: str
    value: str | None = None


class ExecPlugin(msgspec.Struct, rename="camel"):
    """A command that prints credentials."""

    command: str
    api_version: str = ""
    args: list[str] | None = None
    env: list[EnvVar] | None = None
    interactive_mode: str | None = None
    provide_cluster_info: bool | None = None
    install_hint: str | None = None


class AuthProvider(msgspec.Struct):
    """A credential plugin that was built into kubectl; only `oidc` still is."""

    name: str
    config: dict[str, Any] | None = None


class User(msgspec.Struct, rename="kebab"):
    """Credentials, or how to get them."""

    client_certificate: str | None = None
    client_certificate_data: str | None = None
    client_key: str | None = None
    client_key_data: str | None = None
    token: str | None = None
    token_file: str | None = msgspec.field(default=None, name="tokenFile")
    username: str | None = None
    password: str | None = None
    act_as: str | None = msgspec.field(default=None, name="as")
    as_uid: str | None = None
    as_groups: list[str] | None = None
    as_user_extra: dict[str, list[str]] | None = None
    auth_provider: AuthProvider | None = None
    exec: ExecPlugin | None = None


class ContextEntry(msgspec.Struct):
    """Names of a cluster and a user that belong together."""

    cluster: str | None = None
    user: str | None = None
    namespace: str | None = None


class NamedCluster(msgspec.Struct):
    """An entry of `clusters`."""

    name: str
    cluster: Cluster | None = None


class NamedUser(msgspec.Struct):
    """An entry of `users`."""

    name: str
    user: User | None = None


class NamedContext(msgspec.Struct):
    """An entry of `contexts`."""

    name: str
    context: ContextEntry | None = None


class KubeconfigFile(msgspec.Struct, rename="kebab"):
    """A kubeconfig as it is written."""

    current_context: str | None = None
    clusters: list[NamedCluster] | None = None
    users: list[NamedUser] | None = None
    contexts: list[NamedContext] | None = None


def read(path: Path) -> KubeconfigFile | None:
    """The kubeconfig at `path`; None when the file is empty. Raises ConfigProblem, and FileNotFoundError."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as problem:
        text = _("The kubeconfig {path} cannot be read: {problem}. Check the file and its permissions.")
        raise ConfigProblem(text.format(path=path, problem=os.strerror(problem.errno or 0))) from None
    try:
        if not content.strip() or msgspec.yaml.decode(content) is None:
            return None
        return _resolved(msgspec.yaml.decode(content, type=KubeconfigFile, strict=False), path.parent)
    except msgspec.ValidationError as problem:
        text = _("The kubeconfig {path} is not one kubectl could read: {problem}.")
        raise ConfigProblem(text.format(path=path, problem=problem)) from None
    except (msgspec.DecodeError, UnicodeError) as problem:
        text = _("The kubeconfig {path} is not valid YAML: {problem}. Correct it, or point $KUBECONFIG elsewhere.")
        raise ConfigProblem(text.format(path=path, problem=" ".join(str(problem).split()))) from None


def _resolved(config: KubeconfigFile, folder: Path) -> KubeconfigFile:
    """The same with relative paths made absolute: they are relative to the file that holds them."""
    base = folder.absolute()

    def absolute(path: str | None) -> str | None:
        return str(base / path) if path else path

    for cluster in config.clusters or ():
        if (c := cluster.cluster) is not None:
            c.certificate_authority = absolute(c.certificate_authority)
    for user in config.users or ():
        if (u := user.user) is not None:
            u.client_certificate, u.client_key = absolute(u.client_certificate), absolute(u.client_key)
            u.token_file = absolute(u.token_file)
            # A bare command name is looked up on PATH; only one with a separator is a path.
            if u.exec is not None and os.sep in u.exec.command:
                u.exec.command = str(base / u.exec.command)
    return config
