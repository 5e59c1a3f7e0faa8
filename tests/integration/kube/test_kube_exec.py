"""Credential plugins are run as kubectl runs them, and never get hold of the console's terminal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from kubeconfigs import Kubeconfig, b64, until
from plugins import TOKEN, V1, Clock, gives, plugin, runs, shown, version
from scripted_api import ScriptedApi

from kconsole.kube import exec_plugin
from kconsole.kube.errors import ConfigProblem


@contextlib.contextmanager
def keyboard_is(descriptor: int) -> Iterator[None]:
    before = os.dup(0)
    os.dup2(descriptor, 0)
    try:
        yield
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(descriptor)


async def test_a_plugins_token_is_used_and_kept(api: ScriptedApi, kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    api.others["/version"] = version
    kubeconfig.write(user=plugin(tmp_path, gives(TOKEN)))
    async with await kubeconfig.open() as session:
        assert not (tmp_path / "runs").exists(), "it runs when it is needed"
        await asyncio.gather(*(session.server_version() for _ in range(5)))
    assert shown(api) == ["Bearer t1"] * 5


async def test_a_plugins_token_is_replaced_before_it_ends(
    api: ScriptedApi, kubeconfig: Kubeconfig, tmp_path: Path, clock: Clock
) -> None:
    api.others["/version"] = version
    ends = (clock.now + timedelta(minutes=15)).strftime("%Y-%m-%dT%H:%M:%SZ")
    count = f"len(open({str(tmp_path / 'runs')!r}).readlines())"
    status = f"dict(token='t%d' % {count}, expirationTimestamp='{ends}')"
    kubeconfig.write(user=plugin(tmp_path, gives(status)))
    async with await kubeconfig.open(now=clock) as session:
        for minutes in (0, 13, 1.5):
            clock.forward(minutes=minutes)
            await session.server_version()
    assert shown(api) == ["Bearer t1", "Bearer t1", "Bearer t2"]


async def test_a_failed_replacement_does_not_matter_while_the_old_token_holds(
    api: ScriptedApi, kubeconfig: Kubeconfig, tmp_path: Path, clock: Clock
) -> None:
    api.others["/version"] = version
    ends = (clock.now + timedelta(minutes=15)).strftime("%Y-%m-%dT%H:%M:%SZ")
    once = f"if os.path.exists({str(tmp_path / 'away')!r}): sys.exit('the VPN is down')\n"
    kubeconfig.write(user=plugin(tmp_path, once + gives(f"dict(token='t', expirationTimestamp='{ends}')")))
    async with await kubeconfig.open(now=clock) as session:
        await session.server_version()
        (tmp_path / "away").touch()
        clock.forward(minutes=14.5)
        await session.server_version()
        clock.forward(minutes=1)
        with pytest.raises(ConfigProblem, match="the VPN is down"):
            await session.server_version()


@pytest.mark.parametrize("with_time", [True, False])
async def test_a_plugins_certificate_is_shown_and_replaced_before_it_ends(
    api: ScriptedApi, kubeconfig: Kubeconfig, authority: Authority, tmp_path: Path, clock: Clock, with_time: bool
) -> None:
    api.others["/version"] = version
    for number, minutes in ((1, 10), (2, 60)):
        pair = authority.issue(f"me{number}", end=timedelta(minutes=minutes))
        status = {"clientCertificateData": pair.certificate.decode(), "clientKeyData": pair.key.decode()}
        if with_time:
            status["expirationTimestamp"] = (clock.now + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
        (tmp_path / f"answer{number}").write_text(json.dumps(status))
    body = f"n = len(open({str(tmp_path / 'runs')!r}).readlines())\n"
    kubeconfig.write(user=plugin(tmp_path, body + gives(f"json.load(open({str(tmp_path)!r} + '/answer%d' % n))")))
    async with await kubeconfig.open(now=clock) as session:
        for minutes in (0, 5, 4.5):
            clock.forward(minutes=minutes)
            await session.server_version()
    names = [dict(part[0] for part in (r.peer_certificate or {})["subject"])["commonName"] for r in api.requests]
    assert names == ["me1", "me1", "me2"]


async def test_a_plugin_gets_no_keyboard_and_no_terminal(
    api: ScriptedApi, kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    api.others["/version"] = version
    body = (
        "try: tty = open('/dev/tty').fileno()\n"
        "except OSError: tty = None\n"
        f"json.dump([sys.stdin.read(), tty, os.getsid(0) == os.getpid()], open({str(tmp_path / 'seen')!r}, 'w'))\n"
    )
    kubeconfig.write(user=plugin(tmp_path, body + gives(TOKEN)))
    typed, typing = os.pipe()
    os.write(typing, b"keys meant for the console")
    os.close(typing)
    with keyboard_is(typed):
        async with await kubeconfig.open() as session:
            await session.server_version()
    assert json.loads((tmp_path / "seen").read_text()) == ["", None, True]


async def test_a_plugin_is_told_what_the_protocol_promises(
    api: ScriptedApi, kubeconfig: Kubeconfig, authority: Authority, tmp_path: Path
) -> None:
    api.others["/version"] = version
    told = "[os.environ['KUBERNETES_EXEC_INFO'], os.environ['X'], sys.argv[1:]]"
    body = f"json.dump({told}, open({str(tmp_path / 'seen')!r}, 'w'))\n"
    more: dict[str, Any] = {"args": ["a b", "c"], "env": [{"name": "X", "value": "1"}], "provideClusterInfo": True}
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "me"}}
    kubeconfig.write(user=plugin(tmp_path, body + gives(TOKEN), **more), cluster={"extensions": [extension]})
    async with await kubeconfig.open() as session:
        await session.server_version()
    info, x, args = json.loads((tmp_path / "seen").read_text())
    assert (x, args) == ("1", ["a b", "c"])
    assert json.loads(info) == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {
            "interactive": False,
            "cluster": {
                "server": f"https://127.0.0.1:{api.port}",
                "certificate-authority-data": b64(authority.pem),
                "config": {"audience": "me"},
            },
        },
    }


async def test_v1beta1_is_spoken_too(api: ScriptedApi, kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    api.others["/version"] = version
    older = "client.authentication.k8s.io/v1beta1"
    user = plugin(tmp_path, gives(TOKEN, older), apiVersion=older, interactiveMode=None)
    kubeconfig.write(user=user)
    async with await kubeconfig.open() as session:
        await session.server_version()
    assert shown(api) == ["Bearer t1"]


@pytest.mark.parametrize(
    ("body", "more", "says"),
    [
        ("sys.stderr.write('please run: login\\n'); sys.exit(3)", {}, r"failed \(3\): please run: login"),
        ("sys.exit(1)", {}, "it wrote no reason"),
        ("os.kill(os.getpid(), 9)", {}, r"failed \(-9\)"),
        ("print('hello')", {}, "did not print an ExecCredential"),
        ("sys.stdout.buffer.write(b'\\xff')", {}, "did not print an ExecCredential"),
        (gives("dict()"), {}, "neither a token nor a certificate"),
        (gives("dict(clientKeyData='x')"), {}, "a certificate without its key"),
        (gives(TOKEN, "client.authentication.k8s.io/v1beta1"), {}, "the kubeconfig asks for"),
        (gives(TOKEN), {"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "no longer exists"),
        (gives(TOKEN), {"command": "no-such-plugin", "installHint": "Get it from there."}, "not on PATH.\nGet it from"),
        (gives(TOKEN), {"command": "./gone"}, "not installed"),
        (gives(TOKEN), {"interactiveMode": "Always"}, "no terminal to ask on"),
    ],
)
async def test_a_plugin_that_gives_nothing_is_named_and_no_anonymous_request_is_sent(
    api: ScriptedApi, kubeconfig: Kubeconfig, tmp_path: Path, body: str, more: dict[str, Any], says: str
) -> None:
    kubeconfig.write(user=plugin(tmp_path, body, **more))
    async with await kubeconfig.open() as session:
        with pytest.raises(ConfigProblem, match=says):
            await session.server_version()
    assert api.requests == []


async def test_a_plugin_that_hangs_is_ended_with_its_children(
    api: ScriptedApi, kubeconfig: Kubeconfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exec_plugin.run, "__defaults__", (0.5,))
    body = (
        "import subprocess\nchild = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\ntime.sleep(600)\n"
    )
    kubeconfig.write(user=plugin(tmp_path, body))
    async with await kubeconfig.open() as session:
        with pytest.raises(ConfigProblem, match="did not finish within"):
            await session.server_version()
    child = int((tmp_path / "pid").read_text())
    await until(lambda: not running(child))


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_a_failed_plugin_is_not_run_once_for_each_request_that_waits(
    kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    kubeconfig.write(user=plugin(tmp_path, "sys.exit(1)"))
    async with await kubeconfig.open() as session:
        answers = await asyncio.gather(*(session.server_version() for _ in range(20)), return_exceptions=True)
    assert all(isinstance(answer, ConfigProblem) for answer in answers)
    assert runs(tmp_path) == 1


async def test_an_interactive_plugin_gets_the_terminal_while_the_screen_is_away(
    api: ScriptedApi, kubeconfig: Kubeconfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.others["/version"] = version
    around: list[str] = []

    @contextlib.contextmanager
    def screen_away() -> Iterator[None]:
        around.append(f"away after {int((tmp_path / 'runs').exists())}")
        yield
        around.append(f"back after {runs(tmp_path)}")

    ours, theirs = os.openpty()
    os.write(ours, b"my code\n")
    with keyboard_is(theirs):
        monkeypatch.setattr(sys, "stdin", os.fdopen(0, closefd=False))
        body = "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\nassert info['spec']['interactive']\n"
        kubeconfig.write(user=plugin(tmp_path, body + gives("dict(token=input())"), interactiveMode="Always"))
        async with await kubeconfig.open(interactive=screen_away) as session:
            await session.server_version()
        sys.stdin.close()
    os.close(ours)
    assert shown(api) == ["Bearer my code"]
    assert around == ["away after 0", "back after 1"]
