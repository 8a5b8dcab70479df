"""The files of an application: those copied from Signalbox's own application, and those written for it."""

import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
"""The repository, where this runs from one; its `pyproject.toml` tells."""

PACKED = HERE / "application"
"""Where the build puts the application into a wheel."""

COPIED = (
    "app.py",
    "cdk",
    "cdk.json",
    "handlers",
    "requirements-authorizer.lock",
    "requirements-functions.lock",
    "tests/application",
)
OWN_NAME = '"name": "signalbox"'
"""The one line of the copied files in which an application differs: its name, in cdk.json."""

WRITTEN = HERE / "files"
"""Files with `@NAME@` for the application's name. A leading dot is spelt `dot-`: tools shall not see it."""


def application_files(name: str) -> dict[str, bytes]:
    """Return the content of each file of an application called `name`, by its path, in order."""
    files = {**dict(_copied(PACKED if PACKED.exists() else CHECKOUT)), **dict(_written())}
    files["cdk.json"] = files["cdk.json"].replace(OWN_NAME, f'"name": "{name}"')
    return {path: files[path].replace("@NAME@", name).encode() for path in sorted(files)}


def version() -> str:
    """Return the framework's version: that of the checkout, or of what is installed."""
    project = CHECKOUT / "pyproject.toml"
    if project.exists():
        return str(tomllib.loads(project.read_text())["project"]["version"])
    return metadata.version("signalbox")


def changelog() -> str:
    """Return the text of CHANGELOG.md."""
    packed = HERE / "CHANGELOG.md"
    return (packed if packed.exists() else CHECKOUT / "CHANGELOG.md").read_text()


def _copied(root: Path) -> Iterator[tuple[str, str]]:
    for name in COPIED:
        for path in _files(root / name):
            yield path.relative_to(root).as_posix(), path.read_text()


def _written() -> Iterator[tuple[str, str]]:
    for path in _files(WRITTEN):
        yield "/".join(map(_dotted, path.relative_to(WRITTEN).parts)), path.read_text()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for each in sorted(path.iterdir()):
        if each.name != "__pycache__":
            yield from _files(each)


def _dotted(part: str) -> str:
    return f".{part.removeprefix('dot-')}" if part.startswith("dot-") else part
