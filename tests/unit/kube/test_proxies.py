"""The way to a server is chosen as kubectl chooses it."""

from __future__ import annotations

import pytest

from kconsole.kube.errors import ConfigProblem
from kconsole.kube.proxies import bypasses, proxy_for, without_password

SERVER = "https://api.corp.example:6443"


@pytest.mark.parametrize(
    ("server", "no_proxy", "expected"),
    [
        ("https://localhost:1", "", True),
        ("https://127.8.9.1:1", "", True),
        ("https://[::1]:1", "", True),
        ("https://10.0.0.1", "", False),
        ("https://10.0.0.1", "10.0.0.0/8", True),
        ("https://10.0.0.1", "10.0.0.1", True),
        ("https://10.0.0.1:6443", "10.0.0.1:6443", True),
        ("https://10.0.0.1:6443", "10.0.0.1:443", False),
        ("https://11.0.0.1", "10.0.0.0/8, 11.0.0.0/8", True),
        ("https://[fd00::1]", "fd00::/8", True),
        (SERVER, "*", True),
        (SERVER, "corp.example", True),
        (SERVER, ".corp.example", True),
        (SERVER, "*.corp.example", True),
        (SERVER, "CORP.example", True),
        (SERVER, "orp.example", False),
        (SERVER, "api.corp.example:6443", True),
        (SERVER, "api.corp.example:443", False),
        ("https://corp.example", ".corp.example", False),
        (SERVER, "10.0.0.0/8,,x:notaport", False),
    ],
)
def test_no_proxy_is_read_as_go_reads_it(server: str, no_proxy: str, expected: bool) -> None:
    assert bypasses(server, no_proxy) is expected


def test_the_environment_names_the_proxy_by_the_servers_scheme() -> None:
    environ = {"HTTPS_PROXY": "proxy:3128", "http_proxy": "http://plain:1"}
    assert proxy_for(SERVER, None, environ) == "http://proxy:3128"
    assert proxy_for("http://api", None, environ) == "http://plain:1"
    assert proxy_for(SERVER, None, {**environ, "no_proxy": "corp.example"}) is None
    assert proxy_for(SERVER, None, {}) is None


def test_proxy_url_of_the_kubeconfig_beats_the_environment_and_proxies_even_localhost() -> None:
    environ = {"HTTPS_PROXY": "http://env", "NO_PROXY": "*"}
    assert proxy_for("https://localhost:6443", "http://mine:1", environ) == "http://mine:1"


def test_a_kind_of_proxy_that_is_not_supported_is_named_without_its_password() -> None:
    with pytest.raises(ConfigProblem, match="proxy-url asks for the proxy socks5://host:1;"):
        proxy_for(SERVER, "socks5://me:secret@host:1", {})


def test_passwords_of_proxies_are_not_shown() -> None:
    assert without_password("http://me:secret@host:1/x") == "http://host:1/x"
