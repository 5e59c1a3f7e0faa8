"""Which proxy a request goes through, decided as kubectl decides it.

Pure: the environment comes in. `proxy-url` of the kubeconfig beats the environment, and then even localhost is proxied.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from kconsole.i18n import _
from kconsole.kube.errors import ConfigProblem

_PORTS = {"http": 80, "https": 443}


def proxy_for(server: str, configured: str | None, environ: Mapping[str, str]) -> str | None:
    """The proxy's URL for requests to `server`, or None. Raises ConfigProblem for a kind that is not supported."""
    if configured:
        return _supported(configured, "proxy-url")
    scheme = urlsplit(server).scheme.lower()
    name = f"{scheme.upper()}_PROXY"
    proxy = environ.get(name) or environ.get(name.lower())
    exempt = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    if not proxy or bypasses(server, exempt):
        return None
    return _supported(proxy, name)


def _supported(proxy: str, source: str) -> str:
    url = proxy if "://" in proxy else f"http://{proxy}"
    if urlsplit(url).scheme.lower() not in ("http", "https"):
        text = _("{source} asks for the proxy {proxy}; only http:// and https:// proxies are supported.")
        raise ConfigProblem(text.format(source=source, proxy=without_password(url)))
    return url


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    host = urlsplit(url)
    return url.replace(host.netloc, host.netloc.rpartition("@")[2], 1)


def bypasses(server: str, no_proxy: str) -> bool:
    """Whether `server` is reached without the proxy of the environment.

    localhost and loopback addresses always; else by the entries of NO_PROXY: `*`, a domain (its subdomains too; with a
    leading dot only those), an address, a CIDR block, each of the names optionally with a port.
    """
    url = urlsplit(server)
    host, port = (url.hostname or "").lower().rstrip("."), url.port or _PORTS.get(url.scheme)
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    if address is not None and address.is_loopback:
        return True
    return any(_matches(entry.strip().lower(), host, port) for entry in no_proxy.split(",") if entry.strip())


def _matches(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        pass  # a name on one of the two sides: compared as names
    split = urlsplit(f"//{entry}")
    try:
        name, wanted = (split.hostname or "").rstrip("."), split.port
    except ValueError:
        return False
    if wanted is not None and wanted != port:
        return False
    if name.startswith("*."):
        name = name[1:]
    return host.endswith(name) if name.startswith(".") else host == name or host.endswith(f".{name}")
