"""Functions behind a queue."""

import os
from pathlib import Path
from typing import Any


def die_once(event: dict[str, Any], context: Any) -> None:
    """End the process with the first message, whose body names a file that remembers it."""
    file = Path(event["Records"][0]["body"])
    if not file.exists():
        file.write_text("once")
        os._exit(3)
    file.write_text("twice")
