"""Credential plugins: the command of a kubeconfig's `exec` entry, run by the protocol client.authentication.k8s.io.

A plugin never shares the console's terminal: it gets no stdin and no controlling terminal, unless the face gives its
terminal away for the time it runs. Run here and not by the `kubernetes` package, which lets it read the console's
keyboard, logs its failure and goes on without credentials.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import msgspec

from kconsole.i18n import _
from kconsole.kube.deadline import within
from kconsole.kube.errors import ConfigProblem
from kconsole.kube.kubeconfig_file import Cluster, ExecPlugin

Interactive = Callable[[], AbstractContextManager[Any]]
"""Gives the terminal away while its context is entered (and takes it back after): for plugins that ask something."""

API = "client.authentication.k8s.io"
VERSIONS = (f"{API}/v1", f"{API}/v1beta1")
_CLUSTER_CONFIG = f"{API}/exec"
LIMIT = 60.0
"""Seconds that a plugin which cannot ask anybody anything may take."""
_SHOWN = 2000


class Issued(msgspec.Struct, frozen=True, rename="camel"):
    """What a plugin printed: a token, or a certificate and key (PEM), or both."""

    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    expiration_timestamp: datetime | None = None


class _ExecCredential(msgspec.Struct, rename="camel"):
    api_version: str
    kind: str
    status: Issued | None = None


async def run(
    plugin: ExecPlugin, cluster: Cluster, authority: bytes | None, interactive: Interactive | None, limit: float = LIMIT
) -> Issued:
    """The credentials that the plugin gives now. Raises ConfigProblem, with what the plugin wrote to stderr."""
    terminal = _terminal(plugin, interactive)
    if plugin.api_version not in VERSIONS:
        text = _("The credential plugin {command} is set up for {version}, which no longer exists; {known} do.")
        known = " and ".join(VERSIONS)
        raise ConfigProblem(text.format(command=plugin.command, version=plugin.api_version or '""', known=known))
    environ = {**os.environ, **{item.name: item.value or "" for item in plugin.env or ()}}
    environ["KUBERNETES_EXEC_INFO"] = _exec_info(plugin, cluster, authority, asks=terminal is not None)
    command = shutil.which(plugin.command, path=environ.get("PATH"))
    if command is None:
        text = _("The credential plugin {command} is not installed, or not on PATH.")
        raise ConfigProblem(_with_hint(text.format(command=plugin.command), plugin))
    argv = [command, *(plugin.args or ())]
    try:
        if terminal is None:
            code, out, err = await _run_alone(argv, environ, limit)
        else:
            with terminal():
                code, out, err = await _run_on_terminal(argv, environ)
    except asyncio.TimeoutError:
        text = _("The credential plugin {command} did not finish within {seconds:.0f} s. Run it by hand to see why.")
        raise ConfigProblem(text.format(command=plugin.command, seconds=limit)) from None
    except OSError as problem:
        text = _("The credential plugin {command} could not be started: {problem}.")
        raise ConfigProblem(_with_hint(text.format(command=plugin.command, problem=problem.strerror), plugin)) from None
    if code:
        text = _("The credential plugin {command} failed ({code}): {stderr}")
        said = err.decode(errors="replace").strip()[-_SHOWN:] or _("it wrote no reason.")
        raise ConfigProblem(_with_hint(text.format(command=plugin.command, code=code, stderr=said), plugin))
    return _issued(plugin, out)


def _terminal(plugin: ExecPlugin, interactive: Interactive | None) -> Interactive | None:
    """How to give the terminal to the plugin; None when it gets none."""
    mode = plugin.interactive_mode or "IfAvailable"
    if mode == "Never":
        return None
    if interactive is not None and sys.stdin is not None and sys.stdin.isatty():
        return interactive
    if mode == "Always":
        text = _("The credential plugin {command} must ask you something, and there is no terminal to ask on.")
        raise ConfigProblem(text.format(command=plugin.command))
    return None


def _with_hint(sentence: str, plugin: ExecPlugin) -> str:
    return f"{sentence}\n{plugin.install_hint.strip()}" if plugin.install_hint else sentence


def _exec_info(plugin: ExecPlugin, cluster: Cluster, authority: bytes | None, *, asks: bool) -> str:
    spec: dict[str, Any] = {"interactive": asks}
    if plugin.provide_cluster_info:
        about = {
            "server": cluster.server,
            "tls-server-name": cluster.tls_server_name,
            "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
            "certificate-authority-data": authority,
            "proxy-url": cluster.proxy_url,
            "disable-compression": cluster.disable_compression,
            "config": cluster.extension(_CLUSTER_CONFIG),
        }
        spec["cluster"] = {key: value for key, value in about.items() if value not in (None, "", False)}
    info = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
    return msgspec.json.encode(info).decode()


async def _run_alone(argv: list[str], environ: dict[str, str], limit: float) -> tuple[int, bytes, bytes]:
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    # A session of its own: /dev/tty cannot be opened then, and its children can be ended with it.
    process = await asyncio.create_subprocess_exec(
        *argv, env=environ, stdin=null, stdout=pipe, stderr=pipe, start_new_session=True
    )
    try:
        out, err = await within(limit, process.communicate())
    finally:
        await _end(process, group=True)
    return process.returncode or 0, out, err


async def _run_on_terminal(argv: list[str], environ: dict[str, str]) -> tuple[int, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(*argv, env=environ, stdout=asyncio.subprocess.PIPE)
    try:
        out, _nothing = await process.communicate()
    finally:
        await _end(process, group=False)
    return process.returncode or 0, out, b""


async def _end(process: asyncio.subprocess.Process, *, group: bool) -> None:
    """Leave nothing behind: a plugin that went on in the background, or that was cancelled, ends here."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if group:
            os.killpg(process.pid, signal.SIGKILL)
        elif process.returncode is None:
            process.kill()
    if process.returncode is None:
        await process.communicate()


def _issued(plugin: ExecPlugin, out: bytes) -> Issued:
    try:
        answer = msgspec.json.decode(out, type=_ExecCredential)
    except (msgspec.DecodeError, UnicodeError) as problem:
        text = _("The credential plugin {command} did not print an ExecCredential: {problem}.")
        raise ConfigProblem(text.format(command=plugin.command, problem=problem)) from None
    if answer.kind != "ExecCredential" or answer.api_version != plugin.api_version:
        text = _("The credential plugin {command} answered with {kind} of {version}; the kubeconfig asks for {wanted}.")
        raise ConfigProblem(
            text.format(command=plugin.command, kind=answer.kind, version=answer.api_version, wanted=plugin.api_version)
        )
    status = answer.status or Issued()
    if bool(status.client_certificate_data) != bool(status.client_key_data):
        text = _(
            "The credential plugin {command} gave a certificate without its key, or a key without its certificate."
        )
        raise ConfigProblem(text.format(command=plugin.command))
    if not status.token and not status.client_certificate_data:
        text = _("The credential plugin {command} gave neither a token nor a certificate.")
        raise ConfigProblem(text.format(command=plugin.command))
    return status
