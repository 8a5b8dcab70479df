"""Whom the faults of a plan befall: the plan decides, who comes and in which order, and nothing else."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from ..config import Throttle
from .plan import AnyFault, Delay, Drop, Duplicate, FaultPlan, ItemFault, Kill, Seconds, Shuffle

_log = logging.getLogger(__package__)


@dataclass(frozen=True, slots=True)
class Wait:
    """A stay at a `place` until others have come there; the `dice` of the last decide who goes on first."""

    place: tuple[int, int]
    shuffle: Shuffle
    dice: Random


@dataclass(frozen=True, slots=True)
class Journey:
    """How one item travels: the seconds of delay of each copy that arrives, and the waits of every copy."""

    delays: tuple[float, ...]
    waits: tuple[Wait, ...] = ()


class Fates:
    """Numbers the connections of one gateway, and decides what befalls each item.

    `befallen` counts how often each fault of the plan came true.
    """

    def __init__(self, plan: FaultPlan) -> None:
        self.befallen: Counter[AnyFault] = Counter()
        self._seed = plan.seed
        self._faults = [
            (place, fault)
            for place, fault in enumerate(plan.faults)
            if not isinstance(fault, Kill | Throttle)
        ]
        self._numbers: dict[str, int] = {}
        self._met: Counter[tuple[int, int | None]] = Counter()

    def number(self, connection_id: str) -> None:
        """Give a connection the next number, unless it has one."""
        self._numbers.setdefault(connection_id, len(self._numbers) + 1)

    def note(self, fault: AnyFault, victim: str) -> None:
        """Count a fault that comes true, and say so in the request log."""
        self.befallen[fault] += 1
        _log.info("%s fault: %r", victim, fault)

    def befalling(self, kind: str, connection_id: str) -> Iterator[tuple[int, ItemFault, Random]]:
        """The faults that befall the next item of a kind, with their places in the plan and their dice."""
        number = self._numbers.get(connection_id, 0)
        for place, fault in self._faults:
            if fault.kind != kind or fault.connection not in (None, number):
                continue
            self._met.update(((place, None), (place, number)))
            dice = Random(f"{self._seed}/{place}/{number}/{self._met[place, number]}")  # noqa: S311 no secret
            if fault.nth in (None, self._met[place, None]) and dice.random() < fault.chance:
                self.note(fault, connection_id)
                yield place, fault, dice

    def journey(self, kind: str, connection_id: str) -> Journey:
        """How the next item of a kind travels."""
        copies, waits, delays = 1, list[Wait](), list[tuple[Seconds, Random]]()
        for place, fault, dice in list(self.befalling(kind, connection_id)):
            match fault:
                case Drop():
                    return Journey(())
                case Duplicate():
                    copies += 1
                case Delay():
                    delays.append((fault.seconds, dice))
                case Shuffle():
                    company = self._numbers.get(connection_id, 0) if kind in ("message", "post") else 0
                    waits.append(Wait((place, company), fault, dice))
        return Journey(tuple(sum(_draw(*delay) for delay in delays) for _ in range(copies)), tuple(waits))


def _draw(seconds: Seconds, dice: Random) -> float:
    return dice.uniform(*seconds) if isinstance(seconds, tuple) else seconds
