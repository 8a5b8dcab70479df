"""The line being typed. A terminal in line mode could not redraw it below a message."""

import codecs
import re
import unicodedata
from collections.abc import Iterator

_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.|$)")
_ENTER = "\r\n"
_BACKSPACE = "\x7f\b"
_END = "\x04"
_KILL_LINE = "\x15"
_KILL_WORD = "\x17"


class Editor:
    """Turns keys into lines. The cursor is always behind the last character."""

    def __init__(self) -> None:
        self.text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def type(self, keys: bytes) -> Iterator[str]:
        """Take keys and yield the lines they finish. Raises EOFError on Ctrl-D in an empty line."""
        for key in _ESCAPE_SEQUENCE.sub("", self._decoder.decode(keys)):
            if key in _ENTER:
                line, self.text = self.text, ""
                yield line
            elif key == _END and not self.text:
                raise EOFError
            else:
                self.text = _edit(self.text, key)

    def visible(self, columns: int) -> str:
        """Return the end of the text that fits into a number of columns."""
        for start, character in reversed(list(enumerate(self.text))):
            columns -= _width(character)
            if columns < 0:
                return self.text[start + 1 :]
        return self.text


def _edit(text: str, key: str) -> str:
    if key in _BACKSPACE:
        return text[:-1]
    if key == _KILL_LINE:
        return ""
    if key == _KILL_WORD:
        return text.rstrip().rpartition(" ")[0]
    return text + key if key.isprintable() else text


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
