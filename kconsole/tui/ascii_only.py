"""The last step of drawing under `--ascii`: typographic characters of our own sentences become ASCII, cell for cell.

Names and messages in other scripts stay as they are: they are data, and replacing them would falsify them.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_PLAIN = str.maketrans("…“”‘’–—·•→←↑↓▲▼✓‼▏▎▍▌▋▊▉█▁▂▃▄▅▆▇", '.""' + "''" + "--|*><^v^v*!" + " " * 15)


class AsciiOnly(LineFilter):
    """Replaces characters that some fonts lack, and some terminals draw two cells wide."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments in ASCII, as far as they are our own words."""
        return [
            segment
            if segment.text.isascii()
            else Segment(segment.text.translate(_PLAIN), segment.style, segment.control)
            for segment in segments
        ]
