"""A static Pod manifest as a kubelet reads it: what runs, with which flags, and which folder a container path means.

Pure but for `read_manifests`, which reads a folder. A path that no volume mounts belongs to the container alone and
maps into its scratch folder: it comes up empty, as in life.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError


@dataclass(frozen=True)
class StaticPod:
    """One manifest, with the node folder it lies in."""

    name: str
    component: str
    """The first container's name, which decides what runs."""
    image: str
    argv: tuple[str, ...]
    flags: Mapping[str, str]
    """Last value of each `--flag`, without dashes; a bare flag is `true`."""
    mounts: tuple[tuple[PurePosixPath, PurePosixPath], ...]
    """(mountPath, hostPath), longest mountPath first."""
    body: Mapping[str, Any]
    """The whole manifest, as plain data."""
    digest: str
    """Of the file's bytes: another digest is another pod."""
    source: str
    """The file's name."""

    @property
    def tag(self) -> str:
        """The image tag, which is what the component claims to be."""
        return self.image.rpartition(":")[2]

    def on_node(self, path: str) -> PurePosixPath | None:
        """The node's path behind the container path `path`; None when nothing mounts it."""
        inside = PurePosixPath(path)
        for mount, host in self.mounts:
            if inside == mount:
                return host
            if mount in inside.parents:
                return host / inside.relative_to(mount)
        return None

    def real(self, path: str, *, root: Path, scratch: Path) -> Path:
        """The real file behind the container path `path`, under the node's folder `root` or the `scratch` folder."""
        node_path = self.on_node(path)
        base, inner = (root, node_path) if node_path is not None else (scratch, PurePosixPath(path))
        return base.joinpath(*(part for part in inner.parts if part not in ("/", "..")))


class BadManifest(ValueError):
    """The file is no Pod that a kubelet could run; the message says why."""


def parse(text: bytes, source: str) -> StaticPod:
    """`text` as a StaticPod. BadManifest when it is not one."""
    try:
        body = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, UnicodeDecodeError) as error:
        raise BadManifest(f"{source} is no YAML: {error}") from error
    try:
        container = body["spec"]["containers"][0]
        argv = [str(part) for part in (container.get("command") or []) + (container.get("args") or [])]
        volumes = {v["name"]: (v.get("hostPath") or {}).get("path") for v in body["spec"].get("volumes") or []}
        mounts = [(str(m["mountPath"]), volumes.get(m["name"])) for m in container.get("volumeMounts") or []]
        pod = StaticPod(
            name=str(body["metadata"]["name"]),
            component=str(container["name"]),
            image=str(container["image"]),
            argv=tuple(argv),
            flags=_flags(argv[1:]),
            mounts=tuple(
                sorted(
                    ((PurePosixPath(inside), PurePosixPath(str(host))) for inside, host in mounts if host),
                    key=lambda mount: -len(mount[0].parts),
                )
            ),
            body=body,
            digest=hashlib.md5(text, usedforsecurity=False).hexdigest(),
            source=source,
        )
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise BadManifest(f"{source} is no Pod with a container: {error!r}") from error
    if body.get("kind") != "Pod":
        raise BadManifest(f"{source} is a {body.get('kind')}, not a Pod")
    return pod


def _flags(arguments: list[str]) -> dict[str, str]:
    """`--flag=value`, `--flag value` and bare `--flag`; a repeated flag's last value wins."""
    flags: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            continue
        name, given, value = word.lstrip("-").partition("=")
        if not given:
            value = rest.pop(0) if rest and not rest[0].startswith("-") else "true"
        flags[name] = value
    return flags


def read_manifests(folder: Path) -> tuple[dict[str, StaticPod], list[str]]:
    """Every manifest in `folder` by pod name, and what is wrong with the files that are none.

    A kubelet reads every file that does not begin with a dot, whatever it is called; of two with one pod name the
    first by file name wins here.
    """
    pods: dict[str, StaticPod] = {}
    problems: list[str] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith(".") or not path.is_file():
            continue
        try:
            pod = parse(path.read_bytes(), path.name)
        except FileNotFoundError:  # moved away between the listing and the reading
            continue
        except BadManifest as problem:
            problems.append(str(problem))
            continue
        pods.setdefault(pod.name, pod)
    return pods, problems


def fingerprint(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Changes whenever a file of `folder` is added, moved away or rewritten; cheap enough to ask every half second."""
    seen: list[tuple[str, int, int, int]] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        seen.append((path.name, stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return tuple(seen)
