"""The output of sandboxes, split into lines in bounded memory."""

import re
import sys
from collections.abc import Callable
from contextlib import suppress

MAX_LINE = 16_384
"""Longest line in bytes. The rest of a longer line is dropped."""

Sink = Callable[[str, str], None]
"""Takes the name of a sandbox and one line of its output, without the line end."""

# AWS's runtime client separates the lines of a report with a carriage return.
_LINE_END = re.compile(rb"\r?\n|\r")


def write_line(name: str, line: str) -> None:
    """Write a line to standard error. This is the default sink."""
    with suppress(OSError):
        print(f"[{name}] {line}", file=sys.stderr, flush=True)


class Output:
    """Splits the output of one sandbox into lines for a sink."""

    def __init__(self, name: str, sink: Sink) -> None:
        self._name = name
        self._sink = sink
        self._line = bytearray()
        self._is_cut = False

    def feed(self, data: bytes) -> None:
        """Take output, in pieces of any size."""
        *ended, rest = _LINE_END.split(data)
        for part in ended:
            self._extend(part)
            self._end_line()
        self._extend(rest)

    def note(self, line: str) -> None:
        """Add a line about the sandbox to its output."""
        self._sink(self._name, line)

    def close(self) -> None:
        """Pass on a last line without a line end."""
        if self._line:
            self._end_line()

    def _extend(self, part: bytes) -> None:
        room = MAX_LINE - len(self._line)
        self._line += part[:room]
        self._is_cut = self._is_cut or len(part) > room

    def _end_line(self) -> None:
        text = self._line.decode(errors="backslashreplace")
        self._sink(self._name, f"{text}… (cut)" if self._is_cut else text)
        self._line.clear()
        self._is_cut = False
