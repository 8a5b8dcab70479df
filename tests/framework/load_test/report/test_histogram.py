import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.load_test.report.histogram import Histogram


def filled(values: list[int]) -> Histogram:
    """A histogram of `values`."""
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


def check(values: list[int]) -> None:
    """Percentiles are those of the sorted values, and at most 1/128 higher."""
    histogram, ordered = filled(values), sorted(values)
    for percent in (0.1, 1, 25, 50, 90, 95, 99, 99.9, 100):
        exact = ordered[math.ceil(len(ordered) * percent / 100) - 1]
        assert exact <= histogram.percentile(percent) <= exact * (1 + 1 / 128)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_percentiles_are_those_of_the_sorted_values_when_there_are_many(seed: int) -> None:
    generator = random.Random(seed)

    check([round(generator.lognormvariate(8, 2)) for _ in range(20_000)])


@settings(deadline=None)
@given(st.lists(st.integers(0, (1 << 40) - 1), min_size=1))
def test_percentiles_are_those_of_the_sorted_values_when_values_are_odd(values: list[int]) -> None:
    check(values)


def test_small_values_are_exact_when_they_are_read_back() -> None:
    assert [filled([value]).percentile(50) for value in range(256)] == list(range(256))


def test_the_highest_is_exact_when_it_is_rounded_up_elsewhere() -> None:
    histogram = filled([1, 1_000_001])

    assert histogram.percentile(100) == histogram.largest == 1_000_001


def test_it_counts_what_is_too_large_when_it_cannot_tell_it_apart() -> None:
    histogram = filled([1 << 50])

    assert (histogram.count, histogram.largest) == (1, 1 << 50)


def test_percentiles_are_zero_when_nothing_was_counted() -> None:
    assert Histogram().percentile(99) == 0


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**9)), st.lists(st.integers(0, 10**9)))
def test_two_are_as_one_when_they_are_merged(first: list[int], second: list[int]) -> None:
    merged, whole = filled(first), filled(first + second)

    merged.merge(filled(second))

    assert (merged.count, merged.largest) == (whole.count, whole.largest)
    assert [merged.percentile(percent) for percent in range(101)] == [
        whole.percentile(percent) for percent in range(101)
    ]
