"""`.signalbox.json`: which version wrote an application, and what each file was like."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import TemplateError

NAME = ".signalbox.json"


@dataclass(frozen=True, slots=True)
class Record:
    """The application's name, the framework's version, and the SHA-256 of each file as it was written."""

    name: str
    version: str
    files: Mapping[str, str]

    def write(self, root: Path) -> None:
        """Write it into an application's folder."""
        (root / NAME).write_text(json.dumps(asdict(self), indent=2) + "\n")


def read_record(root: Path) -> Record:
    """Return the record of the application in `root`. Raises TemplateError."""
    try:
        return Record(**json.loads((root / NAME).read_text()))
    except FileNotFoundError as error:
        raise TemplateError(f"{root} has no {NAME}: go to the folder that signalbox new wrote") from error
    except (ValueError, TypeError) as error:
        raise TemplateError(f"{root / NAME} cannot be read: restore it from version control") from error


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of each file's content."""
    return {path: digest(content) for path, content in files.items()}


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()
