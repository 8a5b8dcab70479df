"""The plan of a run and its phases."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a run with a row of its own: open missing connections, broadcast, await the deliveries."""

    name: str
    connections: int
    broadcasts: int
    storm: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The options of a run. Times are seconds, `rate` is connections a second, `payload` is bytes."""

    connections: int
    broadcasts: int
    payload: int
    rate: float
    broadcasters: int
    interval: float
    ramp: int
    storm: int
    slow: int
    timeout: float

    def phases(self) -> Iterator[Phase]:
        """Yield the steps of the ramp, then the storms. Each has its share of the broadcasts."""
        count = self.ramp + self.storm
        for number in range(count):
            share = self.broadcasts * (number + 1) // count - self.broadcasts * number // count
            if number >= self.ramp:
                yield Phase(f"storm {number - self.ramp + 1}", self.connections, share, storm=True)
            else:
                target = self.connections * (number + 1) // self.ramp
                yield Phase(f"step {number + 1}" if self.ramp > 1 else "run", target, share)
