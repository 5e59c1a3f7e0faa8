"""What cells say, how wide columns are, and that text from outside stays text."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kconsole.model.versions import Version
from kconsole.tui.pictures import glyphs
from kconsole.tui.pictures.text import clean, cut, cut_name, pad, wrap
from kconsole.tui.table.columns import BY_ID, COLUMNS, Cell, Moment, row_of
from kconsole.tui.table.layout import GAP, lay_out, natural_widths
from tests.tui.clusters import NOW, cordon_note, make_node

MOMENT = Moment(NOW, Version(1, 33, 4))


def cell(column: str, node: object, moment: Moment = MOMENT) -> Cell:
    return BY_ID[column].cell(node, moment)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ready", "said", "tone"),
    [
        ("True", "Ready", "good"),
        ("False", "NotReady 12m", "bad"),
        ("Unknown", "Unknown 12m", "bad"),
        (None, "no status", "bad"),
    ],
)
def test_status_tells_lost_nodes_from_unready_ones_and_since_when(ready: str | None, said: str, tone: str) -> None:
    assert cell("status", make_node("w1", ready=ready, since=timedelta(minutes=12))) == (said, tone)


def test_pressure_stands_in_the_status_while_conditions_have_no_column() -> None:
    node = make_node("w1", bad=("MemoryPressure", "KernelDeadlock"))
    assert cell("status", node) == ("Ready MemoryPressure,KernelDeadlock", "warn")
    apart = msgspec.structs.replace(MOMENT, apart=True)
    assert cell("status", node, apart) == ("Ready", "warn")
    assert cell("conditions", node, apart).text == "MemoryPressure 20m, KernelDeadlock 20m"


def test_a_cordon_says_by_whom_why_and_how_long() -> None:
    node = make_node("w1", cordoned=True, annotations=cordon_note())
    assert cell("scheduling", node) == ("cordoned 3h0m kim@bastion: disk swap".replace("3h0m", "3h"), "warn")


def test_a_cordon_made_elsewhere_shows_its_time_and_never_another_ones_reason() -> None:
    node = make_node("w1", cordoned=True, annotations=cordon_note(ago=timedelta(days=9)))
    assert cell("scheduling", node).text == "cordoned 3h"


def test_a_change_asked_for_is_shown_as_such_until_the_cluster_shows_it() -> None:
    moment = msgspec.structs.replace(MOMENT, pending={"w1": "cordoning"})
    assert cell("scheduling", make_node("w1"), moment) == ("cordoning", "pending")


@pytest.mark.parametrize(
    ("kubelet", "said", "plain", "tone"),
    [
        ("v1.33.1", "v1.33.1", "v1.33.1", ""),
        ("v1.32.1", "v1.32.1 ↓1", "v1.32.1 -1", "warn"),
        ("v1.30.9", "v1.30.9 ↓3!", "v1.30.9 -3!", "warn"),
        ("v1.29.0", "v1.29.0 ↓4‼", "v1.29.0 -4!!", "bad"),
        ("v1.34.0", "v1.34.0 ↑1‼", "v1.34.0 +1!!", "bad"),
        ("", "–", "-", ""),
    ],
)
def test_skew_is_marked_by_a_sign_and_not_by_colour_alone(kubelet: str, said: str, plain: str, tone: str) -> None:
    node = make_node("w1", version=kubelet)
    assert cell("version", node) == (said, tone)
    assert cell("version", node, msgspec.structs.replace(MOMENT, glyphs=glyphs.ASCII)) == (plain, tone)


def test_pods_are_unknown_until_counted_and_full_nodes_are_marked() -> None:
    node = make_node("w1", pods="20")
    assert cell("pods", node) == ("–/20", "muted")
    assert cell("pods", node, msgspec.structs.replace(MOMENT, pods={"w1": 7})) == ("7/20", "")
    assert cell("pods", node, msgspec.structs.replace(MOMENT, pods={"w1": 20})) == ("20/20", "warn")
    assert cell("pods", make_node("w1", pods=None)).text == "–/–"


def test_ascii_rows_are_ascii() -> None:
    moment = msgspec.structs.replace(MOMENT, glyphs=glyphs.ASCII)
    for node in (
        make_node("w1", version="v1.30.0", cordoned=True),
        make_node("w2", ready="Unknown", version="v1.40.0"),
    ):
        assert all(cell.text.isascii() for cell in row_of(node, moment))


@given(st.text(), st.text())
def test_no_name_or_reason_brings_escapes_or_line_breaks_to_the_screen(name: str, reason: str) -> None:
    node = make_node(name, cordoned=True, annotations=cordon_note(reason=reason))
    for shown in row_of(node, MOMENT):
        assert shown.text == clean(shown.text)
        assert not set(shown.text) & set("\x1b\n\r\t\x07\u202e\u200b\u2066")


@given(st.text(), st.integers(0, 30))
def test_cut_text_is_never_wider_than_asked(text: str, width: int) -> None:
    assert cell_len(cut(text, width)) <= max(width, 0)
    assert cell_len(cut_name(text, width)) <= max(width, 0)
    if cell_len(text) <= width:
        assert cut(text, width) == text == cut_name(text, width)
        assert cell_len(pad(text, width)) == width


@given(st.text(alphabet="ab 노드", max_size=60), st.integers(2, 20))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_wide_characters_are_cut_by_cells() -> None:
    assert cut("노드하나둘셋", 7) == "노드하…"


def test_shortened_names_can_still_be_told_apart() -> None:
    assert cut_name("gke-cluster-pool-1-abcdef-x7k2", 15) == "gke-clu…ef-x7k2"
    assert cut_name("ip-10-0-12-7.ap-northeast-2.compute.internal", 20) == "ip-10-0-12-7.ap-nor…"
    assert cut_name("ip-10-0-12-7.ap-northeast-2.compute.internal", 12) == "ip-10-0-12-7"
    assert cut_name("ip-10-0-12-7.ap-northeast-2.compute.internal", 9) == "ip-1…12-7"


@given(st.integers(20, 400), st.lists(st.integers(1, 60), min_size=len(COLUMNS), max_size=len(COLUMNS)))
def test_shown_columns_fit_and_stand_in_their_order(width: int, sizes: list[int]) -> None:
    natural = {
        column.id: max(column.least, min(column.most, size)) for column, size in zip(COLUMNS, sizes, strict=True)
    }
    shown = lay_out(width, natural)
    assert sum(s.width for s in shown) + GAP * (len(shown) - 1) <= width
    assert [s.at for s in shown] == sorted(s.at for s in shown)
    assert all(min(s.column.least, natural[s.column.id]) <= s.width <= natural[s.column.id] for s in shown)
    assert all(s.width >= min(natural[s.column.id], s.column.easy) for s in shown if s.column.whole)


def test_eighty_columns_hold_what_on_call_needs() -> None:
    nodes = [make_node("ip-10-0-123-45.ap-northeast-2.compute.internal", roles=("control-plane",), version="v1.32.1")]
    natural = natural_widths([row_of(node, MOMENT) for node in nodes])
    assert {s.column.id for s in lay_out(78, natural)} == {
        "name",
        "status",
        "scheduling",
        "roles",
        "version",
        "pods",
        "age",
    }


def test_a_wide_terminal_shows_every_column() -> None:
    natural = natural_widths([row_of(make_node("w1"), MOMENT)])
    assert len(lay_out(200, natural)) == len(COLUMNS)


def test_all_columns_are_as_wide_as_they_need_when_asked_for() -> None:
    natural = natural_widths([row_of(make_node("w1", cordoned=True, annotations=cordon_note()), MOMENT)])
    assert {s.column.id: s.width for s in lay_out(40, natural, everything=True)} == natural
