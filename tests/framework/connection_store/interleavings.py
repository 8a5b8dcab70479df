"""A model of the table, and processes that meet over it in every order there is.

A process is a generator: what stands between two `yield`s is one atomic call.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, NamedTuple

Process = Iterator[None]


class World:
    """Rows by kind, and what a client was told. The `stale` kind is read as it was at the start.

    `shown` are offsets; `promised` is the offset up to which the client was told that it has everything.
    """

    def __init__(self, stale: str = "", **rows: Any) -> None:
        self.rows = deepcopy(rows)
        self.shown: set[int] = set()
        self.promised = 0
        self._stale = stale
        self._start = deepcopy(rows)

    def read(self, kind: str) -> Any:
        rows = self._start if kind == self._stale else self.rows
        return deepcopy(rows[kind])


class Count(NamedTuple):
    """How many schedules there are, and how many of them go wrong."""

    violating: int
    schedules: int


def explore(
    start: Callable[[], World],
    *processes: Callable[[World], Process],
    wrong: Callable[[World], bool],
) -> Count:
    """Run `processes` in every interleaving, each from the beginning."""
    outcomes: list[bool] = []
    unexplored: list[list[int]] = [[]]
    while unexplored:
        schedule = unexplored.pop()
        world = start()
        running = {number: process(world) for number, process in enumerate(processes)}
        for process in running.values():
            next(process)
        for number in schedule:
            if next(running[number], "over") == "over":
                del running[number]
        if running:
            unexplored += [[*schedule, number] for number in running]
        else:
            outcomes.append(wrong(world))
    return Count(sum(outcomes), len(outcomes))
