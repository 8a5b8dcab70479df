"""The documents taken apart: the blocks of code that they show, and the files that these belong to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|toml|json))`")


@dataclass(frozen=True)
class Block:
    """A block of code. `prose` is the paragraph in front of it, `file` the last file that it names."""

    language: str
    code: str
    prose: str

    @property
    def file(self) -> str | None:
        named = _FILE.findall(self.prose)
        return named[-1] if named else None


def read_blocks(document: str) -> Iterator[Block]:
    """Yield the blocks of a document in order."""
    end = 0
    for found in _BLOCK.finditer(document):
        prose = document[end : found.start()].strip().rpartition("\n\n")[2]
        yield Block(found[1], found[2], prose)
        end = found.end()


def section(document: str, title: str) -> str:
    """Return the text below a heading, up to the next heading."""
    return re.split(r"^#+ ", document.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def apply_edit(block: Block, root: Path) -> None:
    """Do in the application in `root` what a block shows: write its file, or change it as the diff says."""
    assert block.file, f"no file is named in front of:\n{block.code}"
    file = root / block.file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_patch(file.read_text(), block.code) if block.language == "diff" else block.code)


def _patch(source: str, diff: str) -> str:
    """Find each line of the diff in turn; added lines follow the line before them."""
    lines = source.splitlines(keepends=True)
    place = 0
    for line in diff.splitlines(keepends=True):
        kind, text = line[:1], line[1:]
        if kind == "+":
            lines.insert(place, text)
            place += 1
        else:
            place = lines.index(text, place)
            if kind == "-":
                del lines[place]
            else:
                place += 1
    return "".join(lines)
