"""A log-linear histogram: it keeps millions of latencies in the memory of some thousand."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Self

_BITS = 8
"""Significant bits kept of a value. Percentiles are at most 1/128 too high."""
_HALF = 1 << (_BITS - 1)
_LARGEST = (1 << 40) - 1


class Histogram:
    """Counts whole numbers from 0 to 2^40 (12 days in microseconds). Larger ones count as 2^40."""

    __slots__ = ("_counts", "count", "largest")

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self.count = 0
        self.largest = 0

    def record(self, value: int) -> None:
        """Count `value`."""
        if value > self.largest:
            self.largest = value
        self._counts[_index(min(value, _LARGEST))] += 1
        self.count += 1

    def merge(self, other: Self) -> None:
        """Add the counts of `other`."""
        self._counts.update(other._counts)
        self.count += other.count
        self.largest = max(self.largest, other.largest)

    def percentile(self, percent: float) -> int:
        """Return the smallest value that `percent` of all values do not exceed, or 0 without values."""
        missing = math.ceil(self.count * percent / 100)
        for highest, count in self.steps():
            missing -= count
            if missing <= 0:
                return highest
        return self.largest

    def steps(self) -> Iterator[tuple[int, int]]:
        """Yield each distinct value, rounded up, and its count, in ascending order."""
        for index, count in sorted(self._counts.items()):
            yield min(_highest(index), self.largest), count


def _index(value: int) -> int:
    shift = value.bit_length() - _BITS
    return (shift * _HALF) + (value >> shift) if shift > 0 else value


def _highest(index: int) -> int:
    shift = index // _HALF - 1
    return (((index - shift * _HALF) + 1) << shift) - 1 if shift > 0 else index
