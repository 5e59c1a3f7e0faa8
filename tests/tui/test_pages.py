"""Banner, messages, and the page of a node, as lines."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import msgspec
import pytest

from kconsole.model.events import Event
from kconsole.model.pods import Pod
from kconsole.observe.nodes import NodePage
from kconsole.tui.facts import Facts
from kconsole.tui.messages import Message, Messages, notice
from kconsole.tui.mode import Mode
from kconsole.tui.pictures import glyphs
from kconsole.tui.pictures.banner import banner
from kconsole.tui.pictures.lines import Line, shorten, spread, width_of
from kconsole.tui.pictures.node_page import page_lines
from kconsole.tui.store import NodeStore
from kconsole.tui.table.filter import parse_filter
from tests.tui.clusters import NOW, by_name, cordon_note, make_node, stamp


def text_of(lines: list[Line]) -> str:
    return "\n".join("".join(text for text, _tone in line) for line in lines)


@pytest.mark.parametrize(
    ("facts", "mark"),
    [
        (Facts(link="live", link_since=NOW), "live"),
        (Facts(link="connecting", link_since=NOW - timedelta(seconds=3)), "connecting 3s"),
        (Facts(link="reconnecting", link_since=NOW - timedelta(seconds=8)), "reconnecting 8s"),
        (Facts(link="stale", link_since=NOW, heard=NOW - timedelta(seconds=42)), "stale 42s"),
    ],
)
def test_the_banner_says_how_fresh_the_picture_is(facts: Facts, mark: str) -> None:
    assert text_of(banner(facts, NodeStore(NOW), NOW, 80)).splitlines()[0].endswith(f" {mark} ")


def test_a_reconnection_that_lasts_makes_the_picture_stale() -> None:
    facts = Facts(link="reconnecting", link_since=NOW - timedelta(seconds=15), heard=NOW - timedelta(seconds=20))
    assert " stale 20s " in text_of(banner(facts, NodeStore(NOW), NOW, 80))


@pytest.mark.parametrize("width", [40, 80, 160])
def test_no_line_of_the_banner_is_wider_than_the_screen(width: int) -> None:
    mode = Mode(lab=True, protected=True, unlocked="INC-1234 a reason that goes on and on")
    facts = Facts("a-context-name-of-the-longer-kind", "v1.33.4", "kubernetes-admin", "somebody-else", mode)
    facts = msgspec.structs.replace(facts, link="stale", problem="a sentence " * 30, heard=NOW)
    store = NodeStore(NOW)
    store.apply(by_name(*(make_node(f"w{i}", cordoned=True) for i in range(99))), (), NOW)
    store.mark_shown()
    store.filter_by(parse_filter("some words that do not match anything at all -l zone in (a,b,c,d,e,f)"))
    lines = banner(facts, store, NOW, width, height=10)
    assert all(width_of(line) <= width for line in lines)
    assert len(lines) <= 5


def test_acting_as_somebody_else_is_said() -> None:
    facts = Facts("prod", "v1.33.4", "bob", "bob")
    said = text_of(banner(facts, NodeStore(NOW), NOW, 100))
    assert "acting as bob" in said
    assert "user bob" not in said


def test_shortened_and_spread_lines_fit() -> None:
    line: Line = (("노드 하나", "good"), (" and more", ""), ("", ""))
    for width in range(1, 30):
        assert width_of(shorten(line, width)) <= width
        assert width_of(spread(line, (("right", ""),), max(width, 8))) <= max(width, 8)


def test_messages_stand_until_dismissed_and_are_kept() -> None:
    messages = Messages()
    for number in range(9):
        messages.add(Message(NOW, f"message {number} " + "x" * 90))
    shown = text_of(notice(messages.standing, 80))
    assert "message 8" in shown
    assert "message 0" not in shown
    assert "m shows all messages" in shown
    messages.dismiss()
    assert notice(messages.standing, 80) == []
    assert len(messages.all) == 9


def pod(name: str, **status: object) -> Pod:
    return msgspec.convert(
        {
            "metadata": {"name": name, "namespace": "shop", "creationTimestamp": stamp(timedelta(hours=1))},
            "spec": {"containers": [{"name": "c"}]},
            "status": {"phase": "Running", **status},
        },
        Pod,
    )


def whole_page() -> NodePage:
    node = make_node(
        "w1",
        ready="False",
        cordoned=True,
        annotations=cordon_note(),
        bad=("DiskPressure",),
        taints=({"key": "dedicated", "value": "db", "effect": "NoExecute"},),
        labels={"zone": "a"},
    )
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    broken = {
        "containerStatuses": [
            {"name": "c", "ready": False, "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
        ]
    }
    last = stamp(timedelta(minutes=5))
    said = {"type": "Warning", "reason": "Rebooted", "message": "it was", "count": 3, "lastTimestamp": last}
    event = msgspec.convert(said, Event)
    return NodePage(
        node=node,
        pods=(pod("web", **ready), pod("bad", **broken), pod("done", phase="Succeeded")),
        events=(event,),
        lease_renewed=NOW - timedelta(seconds=4),
        allocatable={"cpu": Fraction(4), "memory": Fraction(8 << 30), "pods": Fraction(110)},
        requested={"cpu": Fraction(1, 4), "memory": Fraction(1 << 30), "pods": Fraction(2)},
        problems=(),
    )


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_page_of_a_node_says_everything_and_fits(width: int) -> None:
    lines = page_lines(whole_page(), NOW, glyphs.UNICODE, width)
    assert all(width_of(line) <= width for line in lines)
    said = " ".join(text_of(lines).split())
    for words in (
        "NotReady,SchedulingDisabled",
        "cordoned for 3h by kim@bastion: disk swap",
        "dedicated=db:NoExecute",
        "10.10.0.11 (InternalIP)",
        "Pods (2 not finished)",
        "CrashLoopBackOff 7",
        "(x3) Rebooted it was",
        "cpu 250m 4 6 %",
        "memory 1Gi 8Gi 12 %",
        "4s ago (lease)",
        "zone=a",
        "DiskPressure True 20m",
    ):
        assert words in said, words


def test_what_could_not_be_read_is_said_and_not_left_out() -> None:
    page = msgspec.structs.replace(
        whole_page(), pods=None, events=None, requested=None, problems=("pods is forbidden",)
    )
    said = text_of(page_lines(page, NOW, glyphs.UNICODE, 80))
    assert "pods is forbidden" in said
    assert said.count("could not be read") == 2
    assert "?" in said
