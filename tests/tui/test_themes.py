"""Themes: complete, legible, and the same on terminals of 256 colours; few colours get a theme made for them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from rich.color import Color as RichColor
from textual.color import Color

from kconsole.errors import UsageError
from kconsole.tui import themes
from tests.tui.clusters import FakeCluster, console_on, make_node, until_text

FILES = sorted(themes.folder().glob("*.toml"))
COLOURED = [path for path in FILES if not themes.read_theme(path).ansi]


def test_there_are_themes_for_dark_light_high_contrast_and_sixteen_colours() -> None:
    assert {path.stem for path in FILES} == {"dark", "light", "high-contrast", "ansi"}


@pytest.mark.parametrize("path", COLOURED, ids=lambda path: path.stem)
def test_every_tone_is_legible_wherever_it_stands(path: Path) -> None:
    theme = themes.read_theme(path)
    least = 7.0 if path.stem == "high-contrast" else 4.5
    backgrounds = [theme.colours[name] for name in ("background", "surface", "panel")]
    texts = [theme.tones[name] for name in ("good", "warn", "bad", "muted", "pending")]
    texts += [theme.colours["foreground"], theme.colours["accent"]]
    pairs = list(itertools.product(texts, backgrounds))
    pairs += [
        (theme.tones[bar], theme.tones[f"{bar}-background"]) for bar in ("header", "cursor", "lab", "safe", "danger")
    ]
    for text, background in pairs:
        assert ratio(Color.parse(text), Color.parse(background)) >= least, (text, background)


def ratio(one: Color, other: Color) -> float:
    """The contrast ratio of WCAG 2."""

    def luminance(colour: Color) -> float:
        parts = [c / 255 for c in (colour.r, colour.g, colour.b)]
        red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("path", COLOURED, ids=lambda path: path.stem)
def test_every_colour_is_one_of_the_256(path: Path) -> None:
    known = {RichColor.from_ansi(number).get_truecolor().hex for number in range(16, 256)}
    theme = themes.read_theme(path)
    assert set(theme.colours.values()) | set(theme.tones.values()) <= known


@pytest.mark.parametrize(("line", "named"), [('good = "green"', "good"), ("", "good"), ('god = "#00ff00"', "god")])
def test_a_wrong_theme_names_file_and_key(tmp_path: Path, line: str, named: str) -> None:
    text = (themes.folder() / "dark.toml").read_text()
    good = next(line for line in text.splitlines() if line.startswith("good"))
    (tmp_path / "mine.toml").write_text(text.replace(good, f"{good}\n{line}" if named == "god" else line))
    with pytest.raises(UsageError, match=f"see {named}") as caught:
        themes.load_themes(tmp_path)
    assert "mine.toml" in str(caught.value)


def test_an_unknown_theme_names_those_that_exist() -> None:
    with pytest.raises(UsageError, match=r"There is no theme blue\. There are: ansi, dark, high-contrast, light\."):
        themes.choose("blue", themes.load_themes(themes.folder()), few_colours=False)


async def test_sixteen_colours_get_the_terminals_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    console = console_on(FakeCluster(make_node("w1", ready="False")))
    async with console.run_test(size=(80, 24)):
        await until_text(console, "w1")
        assert console.theme == "ansi"
        colours = {s.style.color for strip in console.screen._compositor.render_strips() for s in strip if s.style}
        assert all(colour is None or colour.triplet is None for colour in colours)


async def test_no_color_sends_no_colour_and_still_shows_cursor_and_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = console_on(FakeCluster(make_node("w1", ready="False"), make_node("w2"), lab=True))
    async with console.run_test(size=(80, 24)):
        await until_text(console, "w2")
        await until_text(console, " LAB ")
        painted = [
            segment.style for strip in console.screen._compositor.render_strips() for segment in strip if segment.style
        ]
        assert all(style.color is None or style.color.is_default for style in painted)
        assert all(style.bgcolor is None or style.bgcolor.is_default for style in painted)
        cursor = console.nodes_screen.table.render_line(1)
        assert all(segment.style.reverse for segment in cursor if segment.style and segment.text.strip())
