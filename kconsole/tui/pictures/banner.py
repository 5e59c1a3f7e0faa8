"""The two or three lines at the top: which cluster, as whom, how it may be used, and how fresh the picture is.

Facts in, lines out; pure.
"""

from __future__ import annotations

from datetime import datetime

from kconsole.i18n import _, ngettext
from kconsole.model.ages import human_duration
from kconsole.tui.facts import Facts
from kconsole.tui.pictures.lines import Line, Piece, paragraph, spread, width_of
from kconsole.tui.pictures.text import clean, cut
from kconsole.tui.store import NodeStore


def banner(facts: Facts, store: NodeStore, now: datetime, width: int, *, height: int = 0) -> list[Line]:
    """Who and where; what is shown; and, when there is one, the sentence about the connection.

    `height`: how many rows the table shows, so that the place in a longer one can be told.
    """
    lines = [spread(_where(facts), _live_mark(facts, now), width), _counts_and_place(store, height, width)]
    if facts.problem and facts.link != "live":
        lines += paragraph(clean(facts.problem), width, "bad", indent=1)[:3]
    return lines


def _where(facts: Facts) -> Line:
    pieces: list[Piece] = []
    for words, tone in facts.mode.badges:
        pieces += [(f" {words} ", tone), (" ", "")]
    pieces = pieces or [(" ", "")]
    pieces.append((clean(facts.context) or _("no context"), "title"))
    if facts.server:
        pieces.append(("  " + _("Kubernetes {version}").format(version=clean(facts.server)), ""))
    if facts.user and facts.user != facts.acting_as:
        pieces.append(("  " + _("user {name}").format(name=clean(facts.user)), ""))
    if facts.acting_as:
        pieces.append(("  " + _("acting as {name}").format(name=clean(facts.acting_as)), "warn"))
    return tuple(pieces)


def _live_mark(facts: Facts, now: datetime) -> Line:
    state = facts.freshness(now)
    if state == "live":
        return ((_("live"), "good"), (" ", ""))
    since = facts.heard if state == "stale" else facts.link_since
    lasting = f" {human_duration(max(now - since, now - now))}" if since is not None else ""
    words = {"connecting": _("connecting"), "reconnecting": _("reconnecting"), "stale": _("stale")}[state]
    return ((words + lasting, "bad" if state == "stale" else "warn"), (" ", ""))


def _counts_and_place(store: NodeStore, height: int, width: int) -> Line:
    """The order, then the place, are left off where they would cut what is counted: the header shows the order too."""
    counts, place = _counts(store), _place(store, height)
    while place and width_of(counts) + width_of(place) >= width:
        place = place[:-1]
    return spread(counts, place, width)


def _counts(store: NodeStore) -> Line:
    total = len(store.nodes)
    pieces: list[Piece] = [(" " + ngettext("{count} node", "{count} nodes", total).format(count=total), "")]
    if unready := len(store.unready):
        pieces.append(("  " + _("{count} not ready").format(count=unready), "bad"))
    if cordoned := len(store.cordoned):
        pieces.append(("  " + _("{count} cordoned").format(count=cordoned), "warn"))
    if store.marks:
        marked = ngettext("{count} marked", "{count} marked", len(store.marks)).format(count=len(store.marks))
        hidden = len(store.hidden_marks)
        if hidden:
            marked += " " + _("({count} hidden)").format(count=hidden)
        pieces.append((f"  {marked}", "title"))
    if store.filter:
        says = _("filter {text}: {count} shown").format(text=cut(clean(store.filter.text), 36), count=len(store.order))
        pieces += [("  ", ""), (f" {says} ", "safe")]
    return tuple(pieces)


def _place(store: NodeStore, height: int) -> Line:
    pieces: list[Piece] = []
    if height and len(store.order) > height:
        place = _("row {row} of {count}").format(row=store.cursor_row + 1, count=len(store.order))
        pieces.append((place + "  ", "muted"))
    pieces.append((_("order: {words}").format(words=_(store.sorting.says)) + " ", "muted"))
    return tuple(pieces)
