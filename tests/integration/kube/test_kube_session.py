"""A session says in one sentence why a cluster cannot be used, and shows the server what the kubeconfig says."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority, server_context
from kubeconfigs import Kubeconfig, b64
from scripted_api import Reply, Request, ScriptedApi, serving

from kconsole.kube import kubeconfig as kubeconfig_module
from kconsole.kube.actions import Writer
from kconsole.kube.errors import ApiError, ConfigProblem, Unreachable
from kconsole.kube.session import Impersonation, Session


async def ok(_request: Request, reply: Reply) -> None:
    await reply.json(200, {"gitVersion": "v1.33.4"})


@asynccontextmanager
async def cluster(tmp_path: Path, context: ssl.SSLContext, authority: Authority) -> AsyncIterator[Kubeconfig]:
    async with serving(context) as api:
        api.others["/version"] = ok
        server = {"server": f"https://127.0.0.1:{api.port}", "certificate-authority-data": b64(authority.pem)}
        yield Kubeconfig(tmp_path / "config", server)


async def asked(config: Kubeconfig, **options: Any) -> str:
    async with await config.open(**options) as session:
        return await session.server_version()


async def test_opening_sends_nothing(api: ScriptedApi, kubeconfig: Kubeconfig) -> None:
    async with await kubeconfig.open() as session:
        assert session.context.name == "here"
    assert api.requests == []


async def test_the_server_version_is_its_git_version(api: ScriptedApi, kubeconfig: Kubeconfig) -> None:
    api.others["/version"] = ok
    assert await asked(kubeconfig) == "v1.33.4"


@pytest.mark.parametrize(
    ("issued", "says"),
    [
        ({"end": timedelta(days=-1)}, "has expired"),
        ({"start": timedelta(days=1)}, "not valid yet"),
        ({"addresses": (), "hosts": ("api.example",)}, "is for another name"),
    ],
)
async def test_a_servers_certificate_that_is_not_right_is_named(
    tmp_path: Path, authority: Authority, issued: dict[str, Any], says: str
) -> None:
    context = server_context(authority.issue("server", **issued), tmp_path)
    async with cluster(tmp_path, context, authority) as config:
        with pytest.raises(Unreachable, match=says):
            await asked(config)


async def test_another_clusters_authority_is_named(tmp_path: Path, authority: Authority) -> None:
    context = server_context(Authority("other").issue("server"), tmp_path)
    async with cluster(tmp_path, context, authority) as config:
        with pytest.raises(Unreachable, match="not signed by the certificate authority in the kubeconfig"):
            await asked(config)


async def test_whatever_stands_in_the_authoritys_file_is_trusted_be_it_the_servers_own_certificate(
    tmp_path: Path, authority: Authority
) -> None:
    pair = authority.issue("server")
    async with cluster(tmp_path, server_context(pair, tmp_path), authority) as config:
        config.write(cluster={"certificate-authority-data": b64(pair.certificate)})
        assert await asked(config) == "v1.33.4"


async def test_an_authority_in_a_file_is_read_again_after_the_server_got_a_new_one(
    tmp_path: Path, authority: Authority
) -> None:
    context = server_context(authority.issue("server"), tmp_path)
    async with cluster(tmp_path, context, authority) as config:
        file = tmp_path / "ca.crt"
        file.write_bytes(Authority("old").pem)
        config.write(cluster={"certificate-authority-data": None, "certificate-authority": "ca.crt"})
        async with await config.open() as session:
            with pytest.raises(Unreachable):
                await session.server_version()
            file.write_bytes(authority.pem)
            assert await session.server_version() == "v1.33.4"


async def test_tls_server_name_stands_in_for_the_address(tmp_path: Path, authority: Authority) -> None:
    context = server_context(authority.issue("server", addresses=(), hosts=("api.example",)), tmp_path)
    async with cluster(tmp_path, context, authority) as config:
        config.write(cluster={"tls-server-name": "api.example"})
        assert await asked(config) == "v1.33.4"


async def test_insecure_skip_tls_verify_accepts_any_certificate(tmp_path: Path, authority: Authority) -> None:
    context = server_context(Authority("other").issue("server", end=timedelta(days=-1)), tmp_path)
    async with cluster(tmp_path, context, authority) as config:
        config.write(cluster={"certificate-authority-data": None, "insecure-skip-tls-verify": True})
        assert await asked(config) == "v1.33.4"


async def test_a_port_where_nothing_listens_is_named(kubeconfig: Kubeconfig, api: ScriptedApi) -> None:
    await api.stop()
    with pytest.raises(Unreachable, match=f"Nothing listens at https://127.0.0.1:{api.port}"):
        await asked(kubeconfig)


async def test_a_name_that_does_not_resolve_is_named(kubeconfig: Kubeconfig) -> None:
    kubeconfig.write(cluster={"server": "https://no-such-host.invalid:6443"})
    with pytest.raises(Unreachable, match=r"no-such-host\.invalid:6443 cannot be resolved"):
        await asked(kubeconfig)


async def test_a_server_that_never_answers_is_named(kubeconfig: Kubeconfig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        kubeconfig.write(cluster={"server": f"https://127.0.0.1:{mute.getsockname()[1]}"})
        async with await kubeconfig.open() as session:
            with pytest.raises(Unreachable, match="did not answer in time"):
                await session.get("/version", timeout=0.2)


async def test_https_against_a_port_without_tls_is_named(kubeconfig: Kubeconfig) -> None:
    async with serving(None) as plain:
        kubeconfig.write(cluster={"server": f"https://127.0.0.1:{plain.port}"})
        with pytest.raises(Unreachable, match="does not speak TLS"):
            await asked(kubeconfig)


async def test_a_login_page_in_between_is_named(kubeconfig: Kubeconfig, api: ScriptedApi) -> None:
    async def page(_request: Request, reply: Reply) -> None:
        await reply.whole(200, b"<html>", {"Content-Type": "text/html"})

    api.others["/version"] = page
    with pytest.raises(Unreachable, match="text/html, which is not the Kubernetes API"):
        await asked(kubeconfig)


async def test_a_redirect_is_not_followed_with_credentials(kubeconfig: Kubeconfig, api: ScriptedApi) -> None:
    async def elsewhere(_request: Request, reply: Reply) -> None:
        await reply.whole(302, b"", {"Location": f"https://127.0.0.1:{api.port}/stolen"})

    api.others["/version"] = elsewhere
    with pytest.raises(ApiError, match="sends requests elsewhere"):
        await asked(kubeconfig)
    assert [request.path for request in api.requests] == ["/version"]


async def test_json_that_is_no_version_is_named(kubeconfig: Kubeconfig, api: ScriptedApi) -> None:
    async def other(_request: Request, reply: Reply) -> None:
        await reply.json(200, {"hello": 1})

    api.others["/version"] = other
    with pytest.raises(Unreachable, match="gives no Kubernetes version"):
        await asked(kubeconfig)


@pytest.mark.parametrize(
    ("user", "cluster_part", "says"),
    [
        ({"client-certificate-data": "e30="}, {}, "only one of client-certificate and client-key"),
        ({"client-certificate-data": "e30=", "client-key-data": "e30="}, {}, "cannot be used"),
        ({"client-certificate-data": "*", "client-key-data": "x"}, {}, "not valid base64|cannot be used"),
        ({"client-certificate": "gone.crt", "client-key": "gone.key"}, {}, "gone.crt, named as client-certificate"),
        ({"tokenFile": "gone"}, {}, "token file .*gone cannot be read"),
        ({}, {"certificate-authority-data": "e30="}, "not a PEM certificate"),
        ({}, {"certificate-authority-data": None, "certificate-authority": "gone"}, "named as certificate-authority"),
        ({}, {"server": "ftp://x"}, "is not a URL"),
        ({}, {"server": "https://x:port"}, "is not a URL"),
        ({}, {"proxy-url": "socks5://x"}, "only http:// and https:// proxies"),
    ],
)
async def test_a_credential_that_cannot_be_used_is_named_before_any_request(
    kubeconfig: Kubeconfig, user: dict[str, Any], cluster_part: dict[str, Any], says: str
) -> None:
    kubeconfig.write(user=user, cluster=cluster_part)
    with pytest.raises(ConfigProblem, match=says):
        await kubeconfig.open()


async def test_an_encrypted_client_key_is_refused_instead_of_asking_on_the_terminal(
    kubeconfig: Kubeconfig, authority: Authority
) -> None:
    pair = authority.issue("me", password=b"hidden")
    kubeconfig.write(user={"client-certificate-data": b64(pair.certificate), "client-key-data": b64(pair.key)})
    with pytest.raises(ConfigProblem, match="is encrypted"):
        await kubeconfig.open()


@pytest.mark.parametrize("how", ["data", "files"])
async def test_a_client_certificate_is_shown_and_leaves_no_copy_behind(
    api: ScriptedApi, kubeconfig: Kubeconfig, authority: Authority, tmp_path: Path, how: str, monkeypatch: Any
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    pair = authority.issue("me")
    if how == "data":
        kubeconfig.write(user={"client-certificate-data": b64(pair.certificate), "client-key-data": b64(pair.key)})
    else:
        (tmp_path / "me.crt").write_bytes(pair.certificate)
        (tmp_path / "me.key").write_bytes(pair.key)
        kubeconfig.write(user={"client-certificate": "me.crt", "client-key": "me.key"})
    api.others["/version"] = ok
    async with await kubeconfig.open() as session:
        assert list(temporary.iterdir()) == []
        await session.server_version()
    shown = api.requests[0].peer_certificate
    assert shown is not None
    assert shown["subject"] == ((("commonName", "me"),),)


@pytest.mark.parametrize(
    ("user", "authorization"),
    [
        ({"token": "t"}, "Bearer t"),
        ({"username": "u", "password": "p"}, "Basic dTpw"),
        ({"token": "t", "tokenFile": "token"}, "Bearer from-file"),
        ({"token": "t", "tokenFile": "gone"}, "Bearer t"),
        ({}, None),
    ],
)
async def test_tokens_and_passwords_are_sent_as_kubectl_sends_them(
    api: ScriptedApi, kubeconfig: Kubeconfig, tmp_path: Path, user: dict[str, Any], authorization: str | None
) -> None:
    (tmp_path / "token").write_text("from-file\n")
    api.others["/version"] = ok
    kubeconfig.write(user=user)
    await asked(kubeconfig)
    assert api.requests[0].header("Authorization") == authorization


async def test_impersonation_comes_from_the_kubeconfig_and_a_flag_replaces_it(
    api: ScriptedApi, kubeconfig: Kubeconfig
) -> None:
    api.others["/version"] = ok
    kubeconfig.write(user={"token": "t", "as": "boss", "as-groups": ["a", "b"], "as-user-extra": {"x/y": ["1"]}})
    await asked(kubeconfig)
    await asked(kubeconfig, impersonate=Impersonation("other"))
    first, second = api.requests
    assert first.header("Impersonate-User") == "boss"
    assert first.all("Impersonate-Group") == ["a", "b"]
    assert first.header("Impersonate-Extra-x%2Fy") == "1"
    assert second.header("Impersonate-User") == "other"
    assert second.all("Impersonate-Group") == []


async def test_in_a_pod_its_service_account_is_used(
    api: ScriptedApi, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.others["/version"] = ok
    account = tmp_path / "serviceaccount"
    account.mkdir()
    (account / "token").write_text("mine")
    (account / "ca.crt").write_bytes(authority.pem)
    (account / "namespace").write_text("ops")
    monkeypatch.setattr(kubeconfig_module, "SERVICE_ACCOUNT", account)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(api.port))
    async with await Session.open() as session:
        assert await session.server_version() == "v1.33.4"
    assert api.requests[0].header("Authorization") == "Bearer mine"


async def test_a_path_in_the_servers_url_is_kept(api: ScriptedApi, kubeconfig: Kubeconfig) -> None:
    api.others["/k8s/clusters/c-1/version"] = ok
    kubeconfig.write(cluster={"server": f"https://127.0.0.1:{api.port}/k8s/clusters/c-1/"})
    assert await asked(kubeconfig) == "v1.33.4"


async def test_disable_compression_is_heeded(api: ScriptedApi, kubeconfig: Kubeconfig) -> None:
    api.others["/version"] = ok
    await asked(kubeconfig)
    kubeconfig.write(cluster={"disable-compression": True})
    await asked(kubeconfig)
    assert "gzip" in (api.requests[0].header("Accept-Encoding") or "")
    assert api.requests[1].header("Accept-Encoding") == "identity"


async def test_who_one_is_falls_back_to_the_older_api_and_then_to_unknown(
    api: ScriptedApi, kubeconfig: Kubeconfig
) -> None:
    async def me(request: Request, reply: Reply) -> None:
        assert json.loads(request.body)["kind"] == "SelfSubjectReview"
        await reply.json(201, {"status": {"userInfo": {"username": "jane"}}})

    path = "/apis/authentication.k8s.io/{}/selfsubjectreviews"
    async with await kubeconfig.open() as session:
        assert await session.whoami() is None
        api.others[path.format("v1beta1")] = me
        assert await session.whoami() == "jane"


async def test_a_session_offers_no_way_to_change_anything(session: Session) -> None:
    for kind in ("Node", "Eviction", "SelfSubjectReview"):
        with pytest.raises(ValueError, match="not a review"):
            await session.review(json.dumps({"apiVersion": "v1", "kind": kind}).encode())
    public = {name for name in dir(session) if not name.startswith("_")}
    assert public == {"close", "context", "get", "open", "review", "server_version", "stream", "whoami"}


async def test_a_patch_is_sent_as_kubectl_cordon_sends_it(api: ScriptedApi, session: Session) -> None:
    async def patched(request: Request, reply: Reply) -> None:
        await reply.json(200, {"kind": "Node", "metadata": {"name": "w1"}, "spec": {"unschedulable": True}})

    api.others["/api/v1/nodes/w1"] = patched
    node = await Writer(session).patch_node("w1", {"spec": {"unschedulable": True}})
    await Writer(session).patch_node("w1", {"spec": {"unschedulable": None}}, dry_run=True)
    assert node.unschedulable
    first, second = api.requests
    assert (first.method, first.header("Content-Type")) == ("PATCH", "application/strategic-merge-patch+json")
    assert first.query == {"fieldManager": "kconsole"}
    assert json.loads(second.body) == {"spec": {"unschedulable": None}}
    assert second.query == {"fieldManager": "kconsole", "dryRun": "All"}


async def test_a_patch_whose_answer_is_lost_is_not_sent_twice(api: ScriptedApi, session: Session) -> None:
    async def cut(_request: Request, reply: Reply) -> None:
        reply.cut()

    api.others["/api/v1/nodes/w1"] = cut
    with pytest.raises(Unreachable, match="closed the connection"):
        await Writer(session).patch_node("w1", {})
    assert len(api.requests) == 1


async def test_a_refused_patch_carries_the_apis_own_words(api: ScriptedApi, session: Session) -> None:
    async def forbidden(_request: Request, reply: Reply) -> None:
        await reply.status(403, "Forbidden", 'nodes "w1" is forbidden: no')

    api.others["/api/v1/nodes/w1"] = forbidden
    with pytest.raises(ApiError) as caught:
        await Writer(session).patch_node("w1", {})
    assert (caught.value.status, caught.value.reason) == (403, "Forbidden")
    assert caught.value.message == 'nodes "w1" is forbidden: no'
    assert caught.value.message in str(caught.value)


async def test_closing_a_session_ends_its_streams(api: ScriptedApi, kubeconfig: Kubeconfig) -> None:
    session = await kubeconfig.open()

    async def listen() -> None:
        async with session.stream("/api/v1/nodes", {"watch": "true", "resourceVersion": "1"}) as lines:
            opened.set()
            async for _line in lines:
                pass

    opened = asyncio.Event()
    listening = asyncio.create_task(listen())
    await opened.wait()
    await session.close()
    with pytest.raises(Unreachable):
        await listening
