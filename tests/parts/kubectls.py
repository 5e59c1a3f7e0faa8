"""Which minors of kubectl there are here: a plain one, or several side by side that are chosen by the server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

MINORS = range(27, 34)
"""The minors of Kubernetes 1 that the suite is written for."""
PROGRAM = shutil.which(os.environ.get("KCONSOLE_CONFORMANCE_KUBECTL", "kubectl"))


@lru_cache(maxsize=1)
def present() -> dict[int, str]:
    """The client of each minor here, ascending; the only one even when its minor is none of MINORS."""
    if PROGRAM is None:
        return {}
    beside = {
        int(match[1]): str(path)
        for path in Path(PROGRAM).resolve().parent.glob("kubectl.1.*")
        if (match := re.fullmatch(r"kubectl\.1\.(\d+)", path.name)) and os.access(path, os.X_OK)
    }
    return dict(sorted(beside.items())) or {_own_minor(PROGRAM): PROGRAM}


def _own_minor(program: str) -> int:
    environment = {"PATH": os.environ["PATH"], "KUBECONFIG": os.devnull}
    command = [program, "version", "--client", "-o", "json"]
    ran = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=True)
    return int(json.loads(ran.stdout)["clientVersion"]["minor"].rstrip("+"))
