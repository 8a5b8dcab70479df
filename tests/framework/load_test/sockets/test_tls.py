"""TLS before a backend that has none, as its users start it."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks.certificate import make_certificate
from signalbox.load_test.sockets import tls
from tests.framework.load_test.backend import Backend
from tests.framework.load_test.commandline import run_here, run_load, serve_tls, serve_tls_here


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate and its key."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def arguments(files: tuple[Path, Path], port: int) -> list[str]:
    """Those that put TLS before a port."""
    return ["--certificate", str(files[0]), "--key", str(files[1]), "--port", "0", "--to", str(port)]


async def test_everything_arrives_when_tls_is_before_the_backend(
    backend: Backend, files: tuple[Path, Path]
) -> None:
    async with serve_tls(*arguments(files, urlsplit(backend.url).port or 0)) as url:
        ended = await run_load(
            "--url", f"{url}/local", "--ca", str(files[0]), "--connections", "20", "--broadcasts", "3",
            "--interval", "0.01", "--payload", "32000", "--slow", "1",
        )  # fmt: skip

    assert (ended.code, ended.notes) == (0, "")
    assert ended.output.splitlines()[1].split()[4:6] == ["60", "60"]


async def test_a_connection_ends_when_there_is_no_backend(files: tuple[Path, Path]) -> None:
    async with serve_tls_here(*files, to=1) as url:
        ended = await run_load("--url", f"{url}/local", "--ca", str(files[0]))

    assert (ended.code, ended.notes) == (3, "hung up during the handshake\n")


async def test_one_line_says_why_when_it_cannot_serve(tmp_path: Path) -> None:
    ended = await run_here(lambda: tls.main(["--certificate", str(tmp_path / "none"), "--key", "none"]))

    assert ended.code == 2
    assert "No such file" in ended.notes
    assert len(ended.notes.splitlines()) == 1
