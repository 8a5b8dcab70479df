"""Selects the faults of each item. The result depends on the plan and on each connection's own items only."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from ..config import Throttle
from .plan import AnyFault, Delay, Drop, Duplicate, FaultPlan, ItemFault, Kill, Seconds, Shuffle

_log = logging.getLogger(__package__)


@dataclass(frozen=True, slots=True)
class Reordering:
    """One stay in a reorder `buffer`. The `random` of the last item decides the order of release."""

    buffer: tuple[int, int]
    shuffle: Shuffle
    random: Random


@dataclass(frozen=True, slots=True)
class Transmission:
    """How one item is transmitted: a delay in seconds for each copy, and the reorderings of every copy."""

    delays: tuple[float, ...]
    reorderings: tuple[Reordering, ...] = ()


class FaultSelector:
    """Numbers the connections of one gateway, and selects the faults of each item.

    `injected` counts how often each fault of the plan was injected.
    """

    def __init__(self, plan: FaultPlan) -> None:
        self.injected: Counter[AnyFault] = Counter()
        self._seed = plan.seed
        self._faults = [
            (place, fault)
            for place, fault in enumerate(plan.faults)
            if not isinstance(fault, Kill | Throttle)
        ]
        self._numbers: dict[str, int] = {}
        self._items: Counter[tuple[int, int | None]] = Counter()

    def number(self, connection_id: str) -> None:
        """Give a connection the next number, unless it has one."""
        self._numbers.setdefault(connection_id, len(self._numbers) + 1)

    def record(self, fault: AnyFault, target: str) -> None:
        """Count an injected fault, and write it to the request log."""
        self.injected[fault] += 1
        _log.info("%s fault: %r", target, fault)

    def select(self, kind: str, connection_id: str) -> Iterator[tuple[int, ItemFault, Random]]:
        """Yield the faults of the next item of a kind, each with its place in the plan and its generator."""
        number = self._numbers.get(connection_id, 0)
        for place, fault in self._faults:
            if fault.kind != kind or fault.connection not in (None, number):
                continue
            self._items.update(((place, None), (place, number)))
            random = Random(f"{self._seed}/{place}/{number}/{self._items[place, number]}")  # noqa: S311 no secret
            if fault.nth in (None, self._items[place, None]) and random.random() < fault.chance:
                self.record(fault, connection_id)
                yield place, fault, random

    def transmission(self, kind: str, connection_id: str) -> Transmission:
        """Decide how the next item of a kind is transmitted."""
        copies, reorderings, delays = 1, list[Reordering](), list[tuple[Seconds, Random]]()
        for place, fault, random in list(self.select(kind, connection_id)):
            match fault:
                case Drop():
                    return Transmission(())
                case Duplicate():
                    copies += 1
                case Delay():
                    delays.append((fault.seconds, random))
                case Shuffle():
                    # Messages and posts wait for others of their connection. Buffer 0 is for all connections.
                    shared = self._numbers.get(connection_id, 0) if kind in ("message", "post") else 0
                    reorderings.append(Reordering((place, shared), fault, random))
        return Transmission(
            tuple(sum(_draw(*delay) for delay in delays) for _ in range(copies)), tuple(reorderings)
        )


def _draw(seconds: Seconds, random: Random) -> float:
    return random.uniform(*seconds) if isinstance(seconds, tuple) else seconds
