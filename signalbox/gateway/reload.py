"""Watches Python files, so that sandboxes with old code can be restarted."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_LOG = logging.getLogger("signalbox.gateway")
_SKIPPED = frozenset({"__pycache__", "build", "cdk.out", "dist", "node_modules"})


async def watch(folders: Iterable[Path], changed: Callable[[], None], every: float = 0.5) -> None:
    """Call `changed` whenever a Python file below the folders was added, removed or written.

    Runs until it is cancelled, and looks `every` so many seconds in a thread. Hidden folders, virtual
    environments and build output are skipped.
    """
    seen = await asyncio.to_thread(_snapshot, folders)
    while True:
        await asyncio.sleep(every)
        now = await asyncio.to_thread(_snapshot, folders)
        if now != seen:
            names = sorted({Path(path).name for path, _ in now.items() ^ seen.items()})
            several = f" and {len(names) - 1} more" if len(names) > 1 else ""
            _LOG.info("%s%s changed: the next events get fresh sandboxes", names[0], several)
            changed()
        seen = now


def _snapshot(folders: Iterable[Path]) -> dict[str, tuple[int, int]]:
    return dict(found for folder in folders for found in _files(str(folder)))


def _files(folder: str) -> Iterator[tuple[str, tuple[int, int]]]:
    entries = _entries(folder)
    if any(entry.name == "pyvenv.cfg" for entry in entries):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _SKIPPED:
                yield from _files(entry.path)
        elif entry.name.endswith(".py"):
            with suppress(OSError):  # it was removed, or is a broken link
                status = entry.stat()
                yield entry.path, (status.st_mtime_ns, status.st_size)


def _entries(folder: str) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError:
        # It was removed meanwhile, or is not readable.
        return []
