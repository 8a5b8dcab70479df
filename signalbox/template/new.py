"""`signalbox new NAME`: write an application into an empty folder."""

import argparse
import re
import sys
from pathlib import Path

from .contents import application_files, version
from .errors import TemplateError
from .framework import provide
from .record import Record, digests

PREFIX = re.compile(r"[a-z][a-z0-9-]{0,19}")

_DESCRIPTION = """\
Writes an application into the empty folder NAME, or into this one when NAME is a dot. The folder's name is
the prefix of its stack and of every named resource."""

_NEXT = """\
{name} is ready:

  cd {folder}
  make dev      # run it here
  make test     # run its tests
"""


def main(arguments: list[str]) -> int:
    """Write it, and say what to do next. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="signalbox new", description=_DESCRIPTION)
    parser.add_argument("name", metavar="NAME", help="a folder: lower-case letters, digits and hyphens")
    folder = Path(parser.parse_args(arguments).name)
    try:
        name = create(folder)
    except TemplateError as error:
        print(f"signalbox new: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"signalbox new: {error.strerror}: {error.filename or folder}", file=sys.stderr)
        return 1
    print(_NEXT.format(name=name, folder=folder), end="")
    return 0


def create(folder: Path) -> str:
    """Write an application into `folder`; return its name. Raises TemplateError, OSError."""
    name = folder.resolve().name
    _check(folder, name)
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, name)
    requirement = provide(folder / "vendor")
    (folder / "requirements.txt").write_text(
        f"# The framework. To take its next version, change this line.\n{requirement}\n"
    )
    return name


def write(folder: Path, name: str) -> None:
    """Write the files of an application called `name`, and their record."""
    files = application_files(name)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    Record(name, version(), digests(files)).write(folder)


def _check(folder: Path, name: str) -> None:
    if not PREFIX.fullmatch(name):
        raise TemplateError(
            f"{name!r} is no name for a stack: begin with a lower-case letter, "
            "then use lower-case letters, digits and hyphens, 20 characters in all"
        )
    if folder.exists() and not folder.is_dir():
        raise TemplateError(f"{folder} is a file: name a folder that is empty or does not exist")
    if folder.is_dir() and any(folder.iterdir()):
        raise TemplateError(f"{folder} is not empty: name a folder that is empty or does not exist")
