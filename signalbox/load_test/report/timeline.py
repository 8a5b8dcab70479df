"""Latencies over the time of a run, and their distribution: for JSON and for charts."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from ..deliveries import Broadcast
from .histogram import Histogram

MOST_MOMENTS = 240
"""The maximum number of points. More would be narrower than the line of the chart."""


def list_moments(broadcasts: Sequence[Broadcast], start: int) -> list[dict[str, Any]]:
    """Return the percentiles of each broadcast, or of several in a row when there are many.

    Broadcasts that reached no connection are left out. `start` is nanoseconds of the monotonic clock. `at` is
    the seconds from `start` to the broadcast.
    """
    together = -(-len(broadcasts) // MOST_MOMENTS)
    return [
        {
            "phase": first.counts.phase,
            "at": round((first.sent_at - start) / 1e9, 3),
            **name_percentiles(latency),
        }
        for first, latency in _merged(broadcasts, together)
        if latency.count
    ]


def list_latencies(latency: Histogram) -> list[tuple[float, int]]:
    """Return each latency in milliseconds and the number of its deliveries, in ascending order."""
    return [(value / 1000, count) for value, count in latency.steps()]


def name_percentiles(latency: Histogram) -> dict[str, float | None]:
    """Return p50, p95, p99 and max in milliseconds, each None without a delivery."""
    found = {f"p{percent}": latency.percentile(percent) for percent in (50, 95, 99)} | {
        "max": latency.largest
    }
    return {name: value / 1000 if latency.count else None for name, value in found.items()}


def _merged(broadcasts: Sequence[Broadcast], together: int) -> Iterator[tuple[Broadcast, Histogram]]:
    for _, phase in groupby(broadcasts, lambda broadcast: broadcast.counts.phase):
        row = list(phase)
        for place in range(0, len(row), together):
            latency = Histogram()
            for broadcast in row[place : place + together]:
                latency.merge(broadcast.latency)
            yield row[place], latency
