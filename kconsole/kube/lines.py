"""A byte stream cut into lines, however the network cut it into chunks. Pure."""

from __future__ import annotations


class LineSplitter:
    """Collects chunks and gives complete lines back, without their newline.

    Bytes, not text: a character may be split over two chunks. What stands after the last newline is never given: on a
    watch it is half an object.
    """

    def __init__(self) -> None:
        self._started: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes."""
        head, newline, rest = chunk.partition(b"\n")
        self._started.append(head)
        if not newline:
            return []
        first = b"".join(self._started)
        *lines, tail = rest.split(b"\n")
        self._started = [tail]
        return [first, *lines]
