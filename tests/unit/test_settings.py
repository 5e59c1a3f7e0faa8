"""The configuration file: every key documented, every mistake named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kconsole.errors import UsageError
from kconsole.settings import Settings, config_file, explain, load_settings


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none.toml") == Settings()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, 'protected = ["*prod*", "live"]\npods_every = 5\nsort = "name"\n')
    settings = load_settings(path)
    assert (settings.protected, settings.pods_every, settings.sort) == (["*prod*", "live"], 5, "name")


@pytest.mark.parametrize(
    ("text", "line", "named"),
    [
        ('\nprotectd = ["*prod*"]\n', 2, "protectd"),
        ("# a\n\nread_only = 1\n", 3, "true | false"),
        ('protected = "prod"\n', 1, "list of strings"),
        ("protected = [1]\n", 1, "list of strings"),
        ("pods_every = -1\n", 1, "0–3600"),
        ('sort = "height"\n', 1, "trouble"),
        ("ascii = true\n[nonsense]\nx = 1\n", 2, "nonsense"),
        ("nonsense.deep = 1\n", 1, "nonsense"),
        ('"protectd" = []\n', 1, "protectd"),
    ],
)
def test_a_mistake_names_file_line_and_what_was_expected(tmp_path: Path, text: str, line: int, named: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as raised:
        load_settings(path)
    assert f"{path}:{line}:" in str(raised.value)
    assert named in str(raised.value)


def test_broken_toml_names_the_place(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"config\.toml is not valid TOML: .*line 2"):
        load_settings(written(tmp_path, 'theme = "dark"\nsort = \n'))


def test_a_file_that_cannot_be_read_is_an_error_and_not_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(path)
    path.rmdir()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(path)


def test_every_setting_is_explained() -> None:
    assert all(key["description"] and key["type"] for key in explain())
    assert {key["name"] for key in explain()} == set(Settings.__struct_fields__)


def test_patterns_protect_contexts() -> None:
    settings = Settings(protected=["*prod*", "live"])
    assert settings.protects("eu-prod-1")
    assert settings.protects("live")
    assert not settings.protects("staging")
    assert not Settings().protects("prod")


def test_the_file_is_where_xdg_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_file() == tmp_path / "kconsole" / "config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative/is/ignored")
    assert config_file() == Path.home() / ".config" / "kconsole" / "config.toml"
