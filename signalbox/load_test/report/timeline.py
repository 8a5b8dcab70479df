"""How latencies went over the time of a run, and how they are distributed: for JSON and for pictures."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from ..ledger import Broadcast
from .histogram import Histogram

MOST_MOMENTS = 240
"""More would be narrower than a line of the picture: neighbours are then one."""


def list_moments(broadcasts: Sequence[Broadcast], start: int) -> list[dict[str, Any]]:
    """The percentiles of each broadcast, or of some in a row when there are many; none that reached nobody.

    `start` is nanoseconds of the monotonic clock, `at` seconds from there to the sending.
    """
    together = -(-len(broadcasts) // MOST_MOMENTS)
    return [
        {
            "phase": first.tally.phase,
            "at": round((first.sent_at - start) / 1e9, 3),
            **name_percentiles(latency),
        }
        for first, latency in _merged(broadcasts, together)
        if latency.count
    ]


def list_latencies(latency: Histogram) -> list[tuple[float, int]]:
    """Each latency in milliseconds, and how many deliveries had it; ascending."""
    return [(value / 1000, count) for value, count in latency.steps()]


def name_percentiles(latency: Histogram) -> dict[str, float | None]:
    """p50, p95, p99 and max in milliseconds; None when there was nothing."""
    found = {f"p{percent}": latency.percentile(percent) for percent in (50, 95, 99)} | {
        "max": latency.largest
    }
    return {name: value / 1000 if latency.count else None for name, value in found.items()}


def _merged(broadcasts: Sequence[Broadcast], together: int) -> Iterator[tuple[Broadcast, Histogram]]:
    for _, phase in groupby(broadcasts, lambda broadcast: broadcast.tally.phase):
        row = list(phase)
        for place in range(0, len(row), together):
            latency = Histogram()
            for broadcast in row[place : place + together]:
                latency.merge(broadcast.latency)
            yield row[place], latency
