"""Talks to the control port of a running lab. Standard library only: commands that use it start at once."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from kconsole.errors import KconsoleError, UsageError
from kconsole.i18n import _
from kconsole.lab.ground.folders import read_state

_SECONDS = 90.0


class LabClient:
    """The control port at `url`, with its token."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        # Loopback is never reached through a proxy, whatever the environment says.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @classmethod
    def named(cls, name: str, environ: Mapping[str, str] = os.environ) -> LabClient:
        """That of the running lab `name`. KconsoleError when there is none."""
        state = read_state(name, environ)
        return cls(state["control"], state["token"])

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Ask. KconsoleError carries the lab's own sentence."""
        return self._send("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""), None)

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Tell it to do something; returns when it is done."""
        return self._send("POST", path, json.dumps(body).encode())

    def _send(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - the address is the lab's own, on loopback
            self._url + path,
            data=body,
            method=method,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            with error:
                said = json.loads(error.read() or b"{}")
            kind = UsageError if said.get("code") == UsageError.exit_code else KconsoleError
            raise kind(said.get("error", str(error))) from error
        except (urllib.error.URLError, OSError) as error:
            raise KconsoleError(
                _("The lab does not answer on its control port: {error}.").format(error=error)
            ) from error
