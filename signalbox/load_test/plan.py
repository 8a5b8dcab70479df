"""What a run is asked to do."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a run with a row of its own: connect whoever is missing, broadcast, await the deliveries."""

    name: str
    connections: int
    broadcasts: int
    storm: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The command line. Times are seconds, `rate` is connections a second, `payload` is bytes."""

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
        """The steps of the ramp, then the storms; each has its share of the broadcasts."""
        count = self.ramp + self.storm
        for number in range(count):
            share = self.broadcasts * (number + 1) // count - self.broadcasts * number // count
            if number >= self.ramp:
                yield Phase(f"storm {number - self.ramp + 1}", self.connections, share, storm=True)
            else:
                target = self.connections * (number + 1) // self.ramp
                yield Phase(f"step {number + 1}" if self.ramp > 1 else "run", target, share)
