"""Lines survive however the network cuts the stream."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kconsole.kube.lines import LineSplitter


@given(st.text(), st.lists(st.integers(min_value=0, max_value=200)))
def test_any_cut_gives_the_same_complete_lines(text: str, cuts: list[int]) -> None:
    data = text.encode("utf-8", "surrogatepass")
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    splitter = LineSplitter()
    found = [line for a, b in pairwise(edges) for line in splitter.feed(data[a:b])]
    assert found == data.split(b"\n")[:-1]


def test_a_character_cut_in_two_is_whole_again() -> None:
    splitter = LineSplitter()
    assert splitter.feed("é".encode()[:1]) == []
    assert splitter.feed("é".encode()[1:] + b"\nrest") == ["é".encode()]
