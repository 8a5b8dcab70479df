"""What a process and all its descendants use, as Linux accounts for it in /proc."""

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def processor_seconds(pid: int) -> float:
    """The processor time of the process, its living descendants and those they have waited for."""
    return sum(sum(int(field) for field in _stat(member)[11:15]) for member in _family(pid)) / _TICK


def resident_bytes(pid: int) -> int:
    """The memory of the process alone."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def _family(pid: int) -> list[int]:
    parents = {int(path.name): int(_stat(int(path.name))[1]) for path in Path("/proc").glob("[0-9]*")}
    members = [pid]
    for member in members:
        members += [child for child, parent in parents.items() if parent == member]
    return members


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # it has ended in the meantime
        return ["", "0", *["0"] * 13]
