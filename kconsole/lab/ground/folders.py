"""Where a lab keeps its files: one folder per name, locked while it runs, and gone afterwards unless it is kept.

    RUNTIME/kconsole-UID/labs/NAME.lock     held by the running lab; names its process
    RUNTIME/kconsole-UID/labs/NAME/         lab.json (how to control it), kubeconfig, cluster/
    DIR/                                    instead of cluster/, with --keep DIR

RUNTIME is $XDG_RUNTIME_DIR or the folder for temporary files. A folder that a killed lab left behind is cleaned up by
the next lab of that name.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kconsole.errors import KconsoleError
from kconsole.i18n import _

STATE = "lab.json"


def labs_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the labs of this user lie."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if not os.path.isdir(runtime):
        runtime = environ.get("TMPDIR") or tempfile.gettempdir()
    return Path(runtime) / f"kconsole-{os.getuid()}" / "labs"


class Lock:
    """An exclusive lock on a file that names its holder; the system lets go of it when the holder dies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self) -> int:
        """0 when the lock is ours now, else the pid of the process that has it."""
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
                os.close(descriptor)
                return int(holder) if holder.isdigit() else -1
            if self._is_still(descriptor):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode())
                self._descriptor = descriptor
                return 0
            os.close(descriptor)  # its last holder removed the file between our opening and locking it

    def _is_still(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path))
        except FileNotFoundError:
            return False

    def give_back(self) -> None:
        """Remove the file and let go of it."""
        if self._descriptor is not None:
            self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None


class LabFolder:
    """The folder of the lab `name`, and where its cluster's files lie: inside it, or in `keep`."""

    def __init__(self, name: str, keep: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> None:
        self.name = name
        self.keep = keep.expanduser().absolute() if keep else None
        self.labs = labs_folder(environ)
        self.path = self.labs / name
        self._locks = [Lock(self.labs / f"{name}.lock")]

    @property
    def cluster(self) -> Path:
        """Where nodes/ and the cluster's own record lie."""
        return self.keep or self.path / "cluster"

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig for a person."""
        return (self.keep or self.path) / "kubeconfig"

    def node(self, name: str) -> Path:
        """The root folder of a node."""
        return self.cluster / "nodes" / name

    def take(self) -> None:
        """Make the folders and lock them. KconsoleError says who has them, or what is wrong with them."""
        _make_private(self.labs.parent)
        self.labs.mkdir(mode=0o700, exist_ok=True)
        holder = self._locks[0].take()
        if holder:
            raise KconsoleError(
                _("The lab {name!r} is running already, as process {pid}. Stop it, or choose another --name.").format(
                    name=self.name, pid=holder
                )
            )
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(mode=0o700)
        if self.keep:
            try:
                self._take_kept(self.keep)
            except BaseException:
                self.give_back()
                raise
        self.cluster.mkdir(mode=0o700, exist_ok=True)

    def _take_kept(self, keep: Path) -> None:
        try:
            keep.mkdir(mode=0o700, parents=True, exist_ok=True)
            foreign = {entry.name for entry in keep.iterdir()} - {"nodes", "cluster.json", "kubeconfig", ".lock"}
        except OSError as error:
            raise KconsoleError(
                _("--keep {folder} cannot be used: {error}. Name a folder of your own.").format(
                    folder=keep, error=error.strerror
                )
            ) from error
        if foreign and not (keep / "cluster.json").exists():
            raise KconsoleError(
                _("--keep {folder} holds other files and no lab. Name an empty or new folder.").format(folder=keep)
            )
        lock = Lock(keep / ".lock")
        holder = lock.take()
        if holder:
            raise KconsoleError(
                _("The lab kept in {folder} is running already, as process {pid}.").format(folder=keep, pid=holder)
            )
        self._locks.append(lock)

    def give_back(self) -> None:
        """Remove everything that is not kept, and the locks."""
        shutil.rmtree(self.path, ignore_errors=True)
        for lock in reversed(self._locks):
            lock.give_back()
        del self._locks[1:]
        for folder in (self.labs, self.labs.parent):
            with contextlib.suppress(OSError):  # another lab is still in it
                folder.rmdir()

    def write_state(self, state: Mapping[str, Any]) -> None:
        """Publish how to control this lab, at once or not at all."""
        write_private(self.path / STATE, json.dumps(state, indent=2) + "\n")


def read_state(name: str, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """What the running lab `name` published. KconsoleError when there is none."""
    labs = labs_folder(environ)
    try:
        state: dict[str, Any] = json.loads((labs / name / STATE).read_text("utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        running = ", ".join(sorted(path.parent.name for path in labs.glob(f"*/{STATE}")))
        hint = _("Running: {names}.").format(names=running) if running else _("Start one with: kconsole lab up")
        raise KconsoleError(_("No lab {name!r} is running. {hint}").format(name=name, hint=hint)) from None
    return state


def wait_until_gone(name: str, seconds: float = 30.0, environ: Mapping[str, str] = os.environ) -> None:
    """Return when the lab `name` has let go of its folder. KconsoleError when it does not."""
    lock = labs_folder(environ) / f"{name}.lock"
    deadline = time.monotonic() + seconds
    while lock.exists():
        if time.monotonic() > deadline:
            raise KconsoleError(_("The lab {name!r} has not ended yet; its log may say why.").format(name=name))
        time.sleep(0.05)


def write_private(path: Path, text: str) -> None:
    """Replace the file by one that only its owner can read, never leaving half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(beside, 0o600)
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise KconsoleError(
            _("{folder} is not a folder that only you can use. Remove it, or set XDG_RUNTIME_DIR.").format(
                folder=folder
            )
        )
