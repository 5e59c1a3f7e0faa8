"""Every key of the console: its name, its words, what it does, and what it needs.

Data, and pure questions about it. Bindings, footer, help, palette and the README's list are all made from this one
table, so that none of them can say what is not so.

A key is bound a second time under the jamo that the same key cap types with a Korean layout (두벌식) active. What needs
a shifted letter can also be reached without one: by another key, by the order menu, or by the palette.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec
from textual.binding import Binding

from kconsole.i18n import mark

Scope = Literal["table", "nodes", "node", "help", "messages"]

JAMO = dict(zip("qwertyuiopasdfghjklzxcvbnm", "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ", strict=True))
"""What each key cap types in the Korean two-set layout."""


class Key(msgspec.Struct, frozen=True):
    """One thing that a person can do by a key."""

    id: str
    scope: Scope
    keys: tuple[str, ...]
    """As Textual names them; the first is the one that is shown."""
    action: str
    label: str
    """A word or two, for footer and palette."""
    help: str
    """What it does, in a phrase, for the help screen."""
    rank: int = 0
    """Its place in the footer; 0: not in the footer."""
    writes: bool = False
    """Whether it changes the cluster."""
    patches: str = ""
    """The resource that it must be allowed to patch."""
    twin: str = ""
    """The command line that does the same."""
    palette: bool = True
    """Whether the palette offers it."""


_SHOWN = {
    "space": "space",
    "slash": "/",
    "backslash": "\\",
    "colon": ":",
    "question_mark": "?",
    "enter": "enter",
    "escape": "esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "f1": "F1",
    "ctrl+@": "ctrl-space",
    "ctrl+backslash": "ctrl-\\",
}


KEYS = (
    Key("down", "table", ("down", "j"), "move(1)", mark("down"), mark("one row down"), palette=False),
    Key("up", "table", ("up", "k"), "move(-1)", mark("up"), mark("one row up"), palette=False),
    Key("page-down", "table", ("pagedown",), "page(1)", mark("page down"), mark("a page down"), palette=False),
    Key("page-up", "table", ("pageup",), "page(-1)", mark("page up"), mark("a page up"), palette=False),
    Key("first", "table", ("home", "g"), "first", mark("first"), mark("the first row"), palette=False),
    Key("last", "table", ("end", "G"), "last", mark("last"), mark("the last row"), palette=False),
    Key("left", "table", ("left",), "sideways(-1)", mark("left"), mark("columns to the left"), palette=False),
    Key("right", "table", ("right",), "sideways(1)", mark("right"), mark("columns to the right"), palette=False),
    Key(
        "cordon",
        "nodes",
        ("c",),
        "cordon",
        mark("cordon"),
        mark("cordon marked, or this"),
        rank=1,
        writes=True,
        patches="nodes",
        twin="kconsole cordon NODE ... [--reason TEXT]",
    ),
    Key(
        "uncordon",
        "nodes",
        ("u",),
        "uncordon",
        mark("uncordon"),
        mark("uncordon marked, or this"),
        rank=2,
        writes=True,
        patches="nodes",
        twin="kconsole uncordon NODE ...",
    ),
    Key("mark", "nodes", ("space",), "mark", mark("mark"), mark("mark, or unmark"), rank=3),
    Key(
        "mark-range",
        "nodes",
        ("v", "ctrl+@", "ctrl+space"),
        "mark_range",
        mark("mark range"),
        mark("mark from last mark here"),
    ),
    Key("mark-all", "nodes", ("a",), "mark_all", mark("mark all"), mark("mark all shown, or none")),
    Key("clear-marks", "nodes", ("ctrl+backslash",), "clear_marks", mark("clear marks"), mark("clear every mark")),
    Key(
        "filter",
        "nodes",
        ("slash",),
        "filter",
        mark("filter"),
        mark("text, !text, -l LABELS"),
        rank=4,
        twin="kconsole nodes [-l SELECTOR]",
    ),
    Key("open", "nodes", ("enter",), "open", mark("node"), mark("all about this node"), rank=5),
    Key("order", "nodes", ("o",), "order", mark("order"), mark("choose an order"), rank=7),
    Key("sort-name", "nodes", ("N",), "sort('name')", mark("order by name"), mark("order by name")),
    Key("sort-trouble", "nodes", ("S",), "sort('trouble')", mark("trouble first"), mark("order: trouble first")),
    Key("sort-age", "nodes", ("A",), "sort('age')", mark("order by age"), mark("order by age")),
    Key("sort-version", "nodes", ("V",), "sort('version')", mark("order by version"), mark("order by version")),
    Key(
        "wide",
        "nodes",
        ("w",),
        "wide",
        mark("all columns"),
        mark("all columns, or what fits"),
    ),
    Key("unlock", "nodes", ("L",), "unlock", mark("unlock"), mark("unlock this context")),
    Key("messages", "nodes", ("m",), "messages", mark("messages"), mark("all messages of this run")),
    Key(
        "back",
        "nodes",
        ("escape",),
        "back",
        mark("dismiss"),
        mark("dismiss, clear filter"),
        palette=False,
    ),
    Key(
        "palette",
        "nodes",
        ("colon", "ctrl+p"),
        "palette",
        mark("menu"),
        mark("every command by name"),
        rank=6,
        palette=False,
    ),
    Key("help", "nodes", ("question_mark", "f1"), "help", mark("help"), mark("this page"), rank=8),
    Key("quit", "nodes", ("q", "ctrl+c"), "quit", mark("quit"), mark("quit"), rank=9),
    Key("node-back", "node", ("escape", "q"), "back", mark("back"), mark("back to the table"), rank=1, palette=False),
    Key("node-down", "node", ("down", "j"), "scroll(1)", mark("scroll"), mark("a line down"), rank=2, palette=False),
    Key("node-up", "node", ("up", "k"), "scroll(-1)", mark("scroll"), mark("a line up"), palette=False),
    Key(
        "node-page-down",
        "node",
        ("pagedown", "space"),
        "page(1)",
        mark("page"),
        mark("a page down"),
        rank=4,
        palette=False,
    ),
    Key("node-page-up", "node", ("pageup",), "page(-1)", mark("page up"), mark("a page up"), palette=False),
    Key("node-first", "node", ("home", "g"), "first", mark("top"), mark("to the top"), palette=False),
    Key("node-last", "node", ("end", "G"), "last", mark("end"), mark("to the end"), palette=False),
    Key("node-help", "node", ("question_mark", "f1"), "help", mark("help"), mark("this page"), rank=8, palette=False),
)


def keys_of(*scopes: Scope) -> tuple[Key, ...]:
    """The keys of these scopes, in the order of the table."""
    return tuple(key for key in KEYS if key.scope in scopes)


def caps(key: str) -> tuple[str, ...]:
    """`key` and what the same key cap sends with a Korean layout active."""
    return (key, JAMO[key]) if key in JAMO else (key,)


def bindings(*scopes: Scope) -> list[Binding]:
    """Textual's bindings for the keys of these scopes."""
    return [
        Binding(
            ",".join(cap for name in key.keys for cap in caps(name)), key.action, id=f"{key.scope}.{key.id}", show=False
        )
        for key in keys_of(*scopes)
    ]


def shown(name: str) -> str:
    """How a key is written for people: `ctrl-p`, `shift-n`, `PgDn`."""
    if name in _SHOWN:
        return _SHOWN[name]
    if len(name) == 1 and name.isupper():
        return f"shift-{name.lower()}"
    return name.replace("ctrl+", "ctrl-")


def all_shown(key: Key) -> str:
    """Every way to type a key, for the help screen; a synonym that looks the same is left out."""
    return " ".join(dict.fromkeys(shown(name) for name in key.keys))


def spoken(keys: Iterable[Key]) -> list[Key]:
    """Those of `keys` that belong into a footer, in the footer's order."""
    return sorted((key for key in keys if key.rank), key=lambda key: key.rank)
