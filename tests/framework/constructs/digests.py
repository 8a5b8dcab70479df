"""Whether two folders hold the same bytes."""

import hashlib
from pathlib import Path


def digest(folder: Path) -> dict[str, str]:
    """The digest of each file, by its path inside the folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
