"""A wheel built from the tree runs on its own, themes and catalogue included."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    [built] = out.glob("*.whl")
    return built


def test_the_wheel_holds_themes_styles_and_the_licence_but_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"kconsole/py.typed", "kconsole/tui/kconsole.tcss", "kconsole/themes/dark.toml"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "bench"))]


def test_what_the_wheel_installs_runs_without_the_tree(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    env = {**os.environ, "PYTHONPATH": str(site), "HOME": str(tmp_path)}
    ask = "import kconsole, kconsole.tui.themes as t; print(kconsole.__file__); print(*t.load_themes(t.folder()))"
    told = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, env=env, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    where, names = told.stdout.splitlines()
    assert where.startswith(str(site))
    assert "dark" in names
    version = subprocess.run(
        [sys.executable, "-m", "kconsole", "--version"], capture_output=True, text=True, env=env, cwd=tmp_path
    )
    assert version.stdout.startswith("kconsole ")
