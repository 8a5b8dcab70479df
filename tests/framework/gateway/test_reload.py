"""Which changes are noticed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from signalbox.gateway.reload import watch

PATIENCE = 10.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("old.py", "deep/er/old.py", ".venv/old.py", "node_modules/old.py", "env/lib/old.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1")
    (tmp_path / "env" / "pyvenv.cfg").touch()
    return tmp_path


@asynccontextmanager
async def watching(*folders: Path) -> AsyncIterator[asyncio.Event]:
    """An event for each notice, once the first look has certainly been taken."""
    noticed = asyncio.Event()
    watcher = asyncio.create_task(watch(folders, noticed.set, every=0.005))
    try:
        async with asyncio.timeout(PATIENCE):
            text = "#"
            while not noticed.is_set():
                (folders[0] / "started.py").write_text(text := text + "#")
                await asyncio.sleep(0.01)
            noticed.clear()
            yield noticed
    finally:
        watcher.cancel()
        await asyncio.wait({watcher})


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "old.py").write_text("x = 22"),
        lambda folder: (folder / "old.py").unlink(),
        lambda folder: (folder / "deep" / "er" / "old.py").write_text("x = 22"),
        lambda folder: (folder / "deep" / "new.py").touch(),
        lambda folder: (folder / "deep").rename(folder / "deeper"),
    ],
    ids=["written", "gone", "written below", "new below", "moved"],
)
async def test_change_is_noticed_when_it_is_one_of_python_files(
    folder: Path, change: Callable[[Path], object]
) -> None:
    async with watching(folder) as noticed:
        change(folder)
        await noticed.wait()


@pytest.mark.parametrize(
    "name",
    [
        "ignored.txt",
        ".venv/ignored.py",
        "node_modules/ignored.py",
        "cdk.out/ignored.py",
        "__pycache__/ignored.py",
        "env/lib/ignored.py",
        ".ignored.py",
    ],
)
async def test_change_is_not_noticed_when_it_is_none_of_the_function(
    folder: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "signalbox.gateway")
    async with watching(folder) as noticed:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("changed")
        (folder / "old.py").write_text("x = 22")
        while "old.py" not in caplog.text:
            await noticed.wait()
            noticed.clear()
    assert "ignored" not in caplog.text


async def test_watching_goes_on_when_a_link_leads_to_itself(folder: Path) -> None:
    async with watching(folder) as noticed:
        (folder / "circle.py").symlink_to("circle.py")
        (folder / "old.py").unlink()
        await noticed.wait()


async def test_watching_goes_on_when_a_folder_goes(folder: Path) -> None:
    async with watching(folder, folder / "deep") as noticed:
        (folder / "deep").rename(folder / ".gone")
        await noticed.wait()
        noticed.clear()
        (folder / "old.py").unlink()
        await noticed.wait()
