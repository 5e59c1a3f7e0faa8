"""Credentials: plugins, rotating files and OpenID Connect stay valid without anybody doing anything."""

from __future__ import annotations

import asyncio
import json
import stat
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority, server_context
from kubeconfigs import Kubeconfig, b64
from plugins import TOKEN, Clock, gives, plugin, runs, shown, version
from scripted_api import Pass, Reply, Request, ScriptedApi, serving

from kconsole.kube.errors import ApiError, ConfigProblem


def refusing(*good: str) -> Any:
    async def gate(request: Request, reply: Reply) -> None:
        if request.header("Authorization") in good:
            raise Pass
        await reply.status(401, "Unauthorized", "Unauthorized")

    return gate


async def test_a_401_has_the_plugin_asked_once_more(api: ScriptedApi, kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    api.others["/version"] = version
    api.gate = refusing("Bearer t2")
    kubeconfig.write(user=plugin(tmp_path, gives(TOKEN)))
    async with await kubeconfig.open() as session:
        answers = await asyncio.gather(*(session.server_version() for _ in range(5)))
    assert answers == ["v1.33.4"] * 5
    assert runs(tmp_path) == 2


async def test_credentials_that_stay_refused_are_named_and_the_plugin_left_in_peace(
    api: ScriptedApi, kubeconfig: Kubeconfig, tmp_path: Path, clock: Clock
) -> None:
    api.gate = refusing()
    kubeconfig.write(user=plugin(tmp_path, gives(TOKEN)))
    async with await kubeconfig.open(now=clock) as session:
        for _ in range(3):
            with pytest.raises(ApiError, match="does not accept these credentials") as caught:
                await session.server_version()
        assert caught.value.status == 401
        assert runs(tmp_path) == 2
        clock.forward(minutes=2)
        with pytest.raises(ApiError):
            await session.server_version()
        assert runs(tmp_path) == 3


async def test_a_401_finds_the_login_that_another_program_wrote_to_the_kubeconfig(
    api: ScriptedApi, kubeconfig: Kubeconfig
) -> None:
    api.others["/version"] = version
    api.gate = refusing("Bearer new")
    kubeconfig.write(user={"token": "old"})
    async with await kubeconfig.open() as session:
        kubeconfig.write(user={"token": "new"})
        assert await session.server_version() == "v1.33.4"


async def test_a_kubeconfig_that_now_leads_to_another_cluster_gives_no_credentials_for_this_one(
    api: ScriptedApi, kubeconfig: Kubeconfig, clock: Clock
) -> None:
    api.others["/version"] = version
    kubeconfig.write(user={"token": "mine"})
    async with await kubeconfig.open(now=clock) as session:
        kubeconfig.write(user={"token": "theirs"}, cluster={"server": "https://elsewhere"})
        clock.forward(minutes=5)
        await session.server_version()
    assert shown(api) == ["Bearer mine"]


async def test_a_token_file_is_read_again(
    api: ScriptedApi, kubeconfig: Kubeconfig, tmp_path: Path, clock: Clock
) -> None:
    api.others["/version"] = version
    file = tmp_path / "token"
    file.write_text("one")
    kubeconfig.write(user={"tokenFile": "token"})
    async with await kubeconfig.open(now=clock) as session:
        await session.server_version()
        file.write_text("two")
        clock.forward(seconds=61)
        await session.server_version()
        file.unlink()
        clock.forward(seconds=61)
        await session.server_version()
    assert shown(api) == ["Bearer one", "Bearer two", "Bearer two"]


async def test_a_client_certificate_in_files_is_read_again(
    api: ScriptedApi, kubeconfig: Kubeconfig, authority: Authority, tmp_path: Path, clock: Clock
) -> None:
    api.others["/version"] = version

    def renew(name: str) -> None:
        pair = authority.issue(name)
        (tmp_path / "me.crt").write_bytes(pair.certificate)
        (tmp_path / "me.key").write_bytes(pair.key)

    renew("one")
    kubeconfig.write(user={"client-certificate": "me.crt", "client-key": "me.key"})
    async with await kubeconfig.open(now=clock) as session:
        await session.server_version()
        renew("two")
        clock.forward(seconds=61)
        await session.server_version()
    names = [(r.peer_certificate or {})["subject"][0][0][1] for r in api.requests]
    assert names == ["one", "two"]


async def test_an_ended_client_certificate_is_named_with_its_end(
    tmp_path: Path, authority: Authority, kubeconfig: Kubeconfig, api: ScriptedApi, clock: Clock
) -> None:
    pair = authority.issue("me", end=timedelta(days=5))
    kubeconfig.write(user={"client-certificate-data": b64(pair.certificate), "client-key-data": b64(pair.key)})
    api.gate = refusing()
    clock.forward(days=6)
    async with await kubeconfig.open(now=clock) as session:
        with pytest.raises(ApiError, match=r"\(401\): they ended on \d{4}-"):
            await session.server_version()


async def test_a_login_method_that_was_removed_is_named(kubeconfig: Kubeconfig) -> None:
    kubeconfig.write(user={"auth-provider": {"name": "gcp"}})
    async with await kubeconfig.open() as session:
        with pytest.raises(ConfigProblem, match="login method gcp was removed"):
            await session.server_version()


def id_token(ends: datetime) -> str:
    def part(content: dict[str, Any]) -> str:
        return urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'exp': ends.timestamp(), 'name': '~~~???'})}.sig"


@pytest.fixture
async def issuer(authority: Authority, tmp_path: Path) -> Any:
    folder = tmp_path / "issuer"
    folder.mkdir()
    async with serving(server_context(authority.issue("issuer"), folder)) as running:

        async def well_known(_request: Request, reply: Reply) -> None:
            await reply.json(200, {"token_endpoint": f"https://127.0.0.1:{running.port}/token"})

        running.others["/.well-known/openid-configuration"] = well_known
        yield running


def oidc(issuer: ScriptedApi, authority: Authority, held: str) -> dict[str, Any]:
    config = {
        "idp-issuer-url": f"https://127.0.0.1:{issuer.port}",
        "client-id": "kubernetes",
        "client-secret": "s",
        "idp-certificate-authority-data": b64(authority.pem),
        "id-token": held,
        "refresh-token": "r1",
    }
    return {"auth-provider": {"name": "oidc", "config": config}}


async def test_a_valid_oidc_token_is_used_and_an_ended_one_refreshed_and_kept_for_kubectl(
    api: ScriptedApi, issuer: ScriptedApi, authority: Authority, kubeconfig: Kubeconfig, clock: Clock
) -> None:
    api.others["/version"] = version
    first, second = id_token(clock.now + timedelta(minutes=10)), id_token(clock.now + timedelta(minutes=60))

    async def token(_request: Request, reply: Reply) -> None:
        await reply.json(200, {"id_token": second, "refresh_token": "r2"})

    issuer.others["/token"] = token
    file = kubeconfig.write(user=oidc(issuer, authority, first))
    Path(file).chmod(0o640)
    async with await kubeconfig.open(now=clock) as session:
        await session.server_version()
        assert issuer.requests == []
        clock.forward(minutes=9.5)
        await session.server_version()
        clock.forward(minutes=5)
        await session.server_version()
    assert shown(api) == [f"Bearer {first}", f"Bearer {second}", f"Bearer {second}"]
    (asked,) = [r for r in issuer.requests if r.path == "/token"]
    assert b"grant_type=refresh_token&refresh_token=r1" in asked.body
    assert asked.header("Authorization") == "Basic " + b64(b"kubernetes:s")
    kept = json.loads(Path(file).read_text())["users"][0]["user"]["auth-provider"]["config"]
    assert (kept["id-token"], kept["refresh-token"]) == (second, "r2")
    assert stat.S_IMODE(Path(file).stat().st_mode) == 0o640


async def test_an_issuer_that_is_not_trusted_never_sees_the_refresh_token(
    issuer: ScriptedApi, authority: Authority, kubeconfig: Kubeconfig
) -> None:
    user = oidc(issuer, authority, "")
    user["auth-provider"]["config"]["idp-certificate-authority-data"] = b64(Authority("other").pem)
    kubeconfig.write(user=user)
    async with await kubeconfig.open() as session:
        with pytest.raises(ConfigProblem, match="did not renew the login"):
            await session.server_version()
    assert issuer.requests == []


async def test_an_issuer_that_refuses_is_named(
    issuer: ScriptedApi, authority: Authority, kubeconfig: Kubeconfig, api: ScriptedApi
) -> None:
    async def refuse(_request: Request, reply: Reply) -> None:
        await reply.json(400, {"error": "invalid_grant"})

    issuer.others["/token"] = refuse
    kubeconfig.write(user=oidc(issuer, authority, ""))
    async with await kubeconfig.open() as session:
        with pytest.raises(ConfigProblem, match="did not renew the login"):
            await session.server_version()
    assert api.requests == []


async def test_an_ended_oidc_login_without_a_refresh_token_is_named(
    issuer: ScriptedApi, authority: Authority, kubeconfig: Kubeconfig, clock: Clock
) -> None:
    user = oidc(issuer, authority, id_token(clock.now - timedelta(minutes=1)))
    del user["auth-provider"]["config"]["refresh-token"]
    kubeconfig.write(user=user)
    async with await kubeconfig.open(now=clock) as session:
        with pytest.raises(ConfigProblem, match="login of u has ended"):
            await session.server_version()
