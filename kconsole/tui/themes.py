"""Colour themes: TOML files turned into Textual themes.

Reads files; every mistake in one is a sentence that names file and key. Which theme is used is decided by who starts
the console.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
from textual.theme import BUILTIN_THEMES, Theme

from kconsole.errors import UsageError
from kconsole.i18n import _

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PREFIX = "kc-"
"""Before the name of each tone, as a variable of the stylesheet."""

_TONES = ("good", "warn", "bad", "muted", "pending")
_BARS = ("header", "cursor", "lab", "safe", "danger")
TONES = (*_TONES, *(name + ending for name in _BARS for ending in ("", "-background")))
COLOURS = ("foreground", "background", "surface", "panel", "accent")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}|ansi_[a-z_]+")


class ThemeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a theme file says."""

    dark: bool
    ansi: bool
    colours: dict[str, str]
    tones: dict[str, str]


def folder() -> Path:
    """Where the themes are: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "themes"
    return inside if inside.is_dir() else package.parent / "themes"


def load_themes(where: Path) -> dict[str, Theme]:
    """Every theme in the folder `where`, by name. Raises UsageError naming file and key."""
    return {path.stem: _theme(path) for path in sorted(where.glob("*.toml"))}


def read_theme(path: Path) -> ThemeFile:
    """What the file at `path` says. Raises UsageError naming file and key."""
    try:
        read = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), ThemeFile)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        says = _("The theme {path} cannot be used: {problem}")
        raise UsageError(says.format(path=path, problem=problem)) from problem
    _check(path, "colours", read.colours, COLOURS)
    _check(path, "tones", read.tones, TONES)
    return read


def _check(path: Path, part: str, given: Mapping[str, str], wanted: tuple[str, ...]) -> None:
    for name in (*wanted, *given):
        if name not in given or name not in wanted or not _COLOUR.fullmatch(given[name]):
            says = _("The theme {path} cannot be used: [{part}] must say {keys}, each #rrggbb or ansi_…; see {name}.")
            raise UsageError(says.format(path=path, part=part, keys=", ".join(wanted), name=name))


def _theme(path: Path) -> Theme:
    read = read_theme(path)
    colours = read.colours
    # Textual's own widgets need the variables that its themes of sixteen colours define.
    base = BUILTIN_THEMES["ansi-dark" if read.dark else "ansi-light"].variables if read.ansi else {}
    return Theme(
        name=path.stem,
        primary=colours["accent"],
        accent=colours["accent"],
        warning=read.tones["warn"],
        error=read.tones["bad"],
        success=read.tones["good"],
        foreground=colours["foreground"],
        background=colours["background"],
        surface=colours["surface"],
        panel=colours["panel"],
        dark=read.dark,
        ansi=read.ansi,
        variables={**base, **{PREFIX + name: colour for name, colour in read.tones.items()}},
    )


def choose(wanted: str, themes: Mapping[str, Theme], *, few_colours: bool) -> str:
    """The theme to use. Terminals with sixteen colours or none get one made for them, whatever is wanted.

    Raises UsageError when `wanted` does not exist.
    """
    if wanted not in themes:
        says = _("There is no theme {name}. There are: {known}.")
        raise UsageError(says.format(name=wanted, known=", ".join(themes)))
    if few_colours and not themes[wanted].ansi:
        return next((name for name, theme in themes.items() if theme.ansi), wanted)
    return wanted
