"""`signalbox upgrade`: show what changed since the application was written. It changes nothing."""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from .contents import application_files, changelog, version
from .errors import TemplateError
from .record import Record, digest, digests, read_record

_DESCRIPTION = """\
Prints the changelog between the version that wrote this application and the installed one, and each file that
`signalbox new` would write differently today. It changes nothing."""

_SECTION = re.compile(r"^## (\d+(?:\.\d+)+)\b", re.MULTILINE)


def main(arguments: list[str]) -> int:
    """Print it for the application of the working directory. Returns the exit status."""
    argparse.ArgumentParser(prog="signalbox upgrade", description=_DESCRIPTION).parse_args(arguments)
    try:
        record = read_record(Path.cwd())
    except TemplateError as error:
        print(f"signalbox upgrade: {error}", file=sys.stderr)
        return 1
    print("\n".join(report(Path.cwd(), record, version())))
    return 0


def report(root: Path, record: Record, installed: str) -> Iterator[str]:
    """Yield the lines to print when the version `installed` is."""
    yield f"{record.name} was written by Signalbox {record.version}; {installed} is installed."
    for section in sections(changelog(), record.version, installed):
        yield from ("", section)
    changed = list(_changes(root, record))
    yield from ("", "Files that signalbox new writes differently today:" if changed else "No file differs.")
    yield from changed


def sections(text: str, after: str, until: str) -> list[str]:
    """Return the sections of a changelog that are newer than `after`, and not newer than `until`."""
    _, *parts = _SECTION.split(text)
    return [
        f"## {found}{body}".strip()
        for found, body in zip(parts[::2], parts[1::2], strict=True)
        if _order(after) < _order(found) <= _order(until)
    ]


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _changes(root: Path, record: Record) -> Iterator[str]:
    today = digests(application_files(record.name))
    for path in sorted({*today, *record.files}):
        if today.get(path) != record.files.get(path):
            kind = "new" if path not in record.files else "gone" if path not in today else "changed"
            yield f"  {kind:<8} {path}: {_state(root / path, record.files.get(path))}"


def _state(file: Path, written: str | None) -> str:
    if not file.is_file():
        return "you do not have it"
    return "yours is untouched" if digest(file.read_bytes()) == written else "edited"
