"""The one table of keys: nothing bound twice, nothing unreachable, nothing said that is not so."""

from __future__ import annotations

import gettext
import itertools
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from kconsole import i18n
from kconsole.model.nodes import Node
from kconsole.tui import keys
from kconsole.tui.mode import Mode, refusal
from kconsole.tui.pictures import glyphs
from kconsole.tui.pictures.footer import footer
from kconsole.tui.pictures.help_page import help_lines
from kconsole.tui.pictures.lines import width_of
from kconsole.tui.screens.node import NodeScreen
from kconsole.tui.screens.nodes import NodesScreen
from kconsole.tui.widgets.line_table import LineTable
from tests.tui.clusters import FakeCluster, console_on, cordon_note, make_node, screen_lines, until_text

SIZE = (80, 24)


def test_no_key_does_two_things_on_one_screen() -> None:
    for scopes in (("table", "nodes"), ("node",)):
        counted = Counter(cap for key in keys.keys_of(*scopes) for name in key.keys for cap in keys.caps(name))
        assert [cap for cap, count in counted.items() if count > 1] == []


def test_every_key_has_an_action() -> None:
    owners = {"table": LineTable, "nodes": NodesScreen, "node": NodeScreen}
    for key in keys.KEYS:
        assert hasattr(owners[key.scope], f"action_{key.action.partition('(')[0]}"), key.id


def test_every_letter_works_with_a_korean_layout() -> None:
    assert len(keys.JAMO) == 26
    assert len(set(keys.JAMO.values())) == 26
    for scope in ("table", "nodes", "node"):
        bound = {binding.key.split(",")[0]: set(binding.key.split(",")) for binding in keys.bindings(scope)}
        for found in bound.values():
            for letter in found & keys.JAMO.keys():
                assert keys.JAMO[letter] in found


def test_what_needs_a_shifted_letter_can_be_reached_without_one() -> None:
    for key in keys.KEYS:
        if all(len(name) == 1 and name.isupper() for name in key.keys):
            assert key.palette, key.id


def test_keys_of_later_work_are_neither_bound_nor_shown() -> None:
    bound = {name for key in keys.keys_of("table", "nodes") for name in key.keys}
    assert bound.isdisjoint({"d", "r", "U", "P", "e", "s"})


def test_whatever_changes_the_cluster_has_a_command_line_twin() -> None:
    assert all(key.twin for key in keys.KEYS if key.writes)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
@pytest.mark.parametrize("reason", [None, "no permission to patch nodes"])
def test_the_footer_fits_and_never_gives_up_help_and_quit(width: int, reason: str | None) -> None:
    refusals = {"cordon": reason, "uncordon": reason} if reason else {}
    line = footer(keys.keys_of("nodes"), refusals, width)
    assert width_of(line) <= width
    text = "".join(text for text, _tone in line)
    if width >= 60:
        assert text.endswith("? help  q quit")


def test_the_help_of_each_screen_fits_one_page() -> None:
    for scopes, signs in ((("table", "nodes"), glyphs.UNICODE), (("node",), None)):
        lines = help_lines(keys.keys_of(*scopes), signs, 76)
        assert len(lines) <= 22
        assert all(width_of(line) <= 76 for line in lines)
        text = "\n".join("".join(text for text, _tone in line) for line in lines)
        assert all(keys.all_shown(key) in text for key in keys.keys_of(*scopes))


@pytest.mark.parametrize(
    ("mode", "may", "reason"),
    [
        (Mode(), {}, None),
        (Mode(), {"nodes": True}, None),
        (Mode(), {"nodes": None}, None),
        (Mode(), {"nodes": False}, "no permission to patch nodes"),
        (Mode(read_only=True), {"nodes": True}, "read-only"),
        (Mode(protected=True), {"nodes": True}, "protected, L unlocks"),
        (Mode(protected=True, unlocked="why"), {"nodes": True}, None),
        (Mode(protected=True, unlocked="why"), {"nodes": False}, "no permission to patch nodes"),
    ],
)
def test_a_writing_key_is_refused_for_its_first_reason(
    mode: Mode, may: dict[str, bool | None], reason: str | None
) -> None:
    (cordon,) = (key for key in keys.KEYS if key.id == "cordon")
    assert refusal(cordon, mode, may) == reason


def test_a_reading_key_is_never_refused() -> None:
    for key in keys.KEYS:
        if not key.writes and key.id != "unlock":
            assert refusal(key, Mode(read_only=True), {"nodes": False}) is None


STEPS: tuple[tuple[tuple[str, ...], str], ...] = (
    ((), "w2"),
    (("c",), "kubectl"),
    (("escape", "u"), "already "),
    (("escape", "question_mark"), "shift-n"),
    (("escape", "o"), "enter"),
    (("escape", "colon"), "shift-n"),
    (("escape", "slash", *"w1"), "w1"),
    (("escape", "L"), "not protected"),
    (("m",), "esc"),
    (("escape", "enter"), "containerd"),
    (("question_mark",), "PgDn"),
)
"""Keys to press, one after the other, and what is on the screen when they have done their work."""


def two_nodes() -> tuple[Node, Node]:
    cordoned = make_node("w1", cordoned=True, annotations=cordon_note(), version="v1.30.0")
    return cordoned, make_node("w2", ready="Unknown")


async def test_ascii_means_ascii_on_every_screen() -> None:
    console = console_on(FakeCluster(*two_nodes(), lab=True), ascii=True)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w2")
        for step, shown in STEPS:
            await pilot.press(*step)
            await until_text(console, shown)
            for line in screen_lines(console):
                assert line.isascii(), line


class _Marking(gettext.NullTranslations):
    """Puts every sentence from the catalogue in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


@pytest.fixture
def marked_catalogue() -> Iterator[None]:
    i18n.use(_Marking())
    yield
    i18n.use(gettext.NullTranslations())


DATA = (
    "w1 w2 prod lab kim kim@bastion disk swap v1.33.4 v1.30.0 <none> Ubuntu 24.04.2 LTS generic containerd InternalIP "
    "NotReady,SchedulingDisabled "
    "True Unknown kubernetes.io/hostname kubectl --context https context theme ansi dark light high-contrast"
)
UNTRANSLATED = {
    *DATA.split(),
    *(word for key in keys.KEYS for word in (*keys.all_shown(key).split(), *key.twin.split())),
}
"""Names, versions, keys and command lines are the same in every language."""


@pytest.mark.usefixtures("marked_catalogue")
async def test_every_word_on_the_screen_comes_from_the_catalogue() -> None:
    console = console_on(FakeCluster(*two_nodes(), lab=True))
    async with console.run_test(size=(300, 80)) as pilot:
        await until_text(console, "w2")
        for step, shown in STEPS:
            await pilot.press(*step)
            await until_text(console, shown)
            bare = list(outside("\n".join(screen_lines(console))))
            assert bare == [], (step, bare)


def outside(text: str) -> Iterator[str]:
    """Words of letters that stand outside of brackets and are no names."""
    depth, word = 0, ""
    for character in itertools.chain(text, " "):
        if character == "⟦":
            depth += 1
        elif character == "⟧" and depth:
            depth -= 1
        elif depth == 0 and character.isalpha():
            word += character
            continue
        if word and len(word) > 2 and not any(word in known for known in UNTRANSLATED):
            yield word
        word = ""


def test_importing_the_console_loads_neither_kubernetes_nor_asyncssh_nor_aiohttp() -> None:
    code = "import sys, kconsole.tui.app; print([m for m in ('kubernetes', 'asyncssh', 'aiohttp') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
