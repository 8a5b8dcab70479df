"""How any process of this machine publishes to the local run: the variables, in a file for the shell."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit


@contextmanager
def variables_file(build: Path, environment: Mapping[str, str], endpoint: str) -> Iterator[Path]:
    """Keep `backend-{port}.env` in `build` while the context lasts; `endpoint` is the gateway's."""
    path = build / f"backend-{urlsplit(endpoint).port}.env"
    variables = {**environment, "MANAGEMENT_ENDPOINT": endpoint}
    build.mkdir(exist_ok=True)
    path.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
