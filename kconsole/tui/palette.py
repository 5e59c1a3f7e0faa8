"""What the command palette offers: every action by name, every context, every theme.

Keys and names in, items out; pure. An item's id says what to do when it is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kconsole.i18n import _
from kconsole.tui.keys import Key, all_shown
from kconsole.tui.modals.choice import Item

KEY, CONTEXT, THEME = "key:", "context:", "theme:"
"""What an item's id begins with; the name follows."""


def action_items(keys: Iterable[Key], refusals: Mapping[str, str]) -> list[Item]:
    """The actions, each with its key and what it does; those that are refused say why."""
    return [
        Item(KEY + key.id, _(key.label), f"{all_shown(key)}  {key.twin or _(key.help)}", refusals.get(key.id))
        for key in keys
        if key.palette
    ]


def context_items(names: Sequence[tuple[str, str]], current: str) -> list[Item]:
    """The contexts, as names and servers."""
    return [
        Item(CONTEXT + name, _("context {name}").format(name=name), _("this one") if name == current else server)
        for name, server in names
    ]


def theme_items(names: Iterable[str], current: str) -> list[Item]:
    """The themes."""
    return [
        Item(THEME + name, _("theme {name}").format(name=name), _("this one") if name == current else "")
        for name in names
    ]
