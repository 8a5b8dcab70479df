"""A fault plan is a value: checked when it is made, printed as what makes it, and loaded for nobody else."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from signalbox.gateway import ConfigError, Throttle
from signalbox.gateway.faults.plan import (
    Delay,
    Drop,
    Duplicate,
    FaultPlan,
    Hang,
    Kill,
    Refuse,
    Shuffle,
    Stall,
)

EVERYTHING = FaultPlan(
    Drop("disconnect"),
    Delay("message", 0.3, connection=1, nth=1),
    Delay("connect", (0, 0.3)),
    Duplicate("message", chance=0.3),
    Shuffle("post", 5, within=0.1),
    Refuse(429, chance=0.05),
    Hang(chance=0.01, delivered=True),
    Stall(after=10, connection=3),
    Kill(12, times=2),
    Throttle(200, 20),
    seed=7,
    clock_rate=600,
)


def test_plan_is_the_same_when_its_print_is_pasted_back() -> None:
    names = {kind.__name__: kind for kind in map(type, [*EVERYTHING.faults, EVERYTHING])}
    assert eval(repr(EVERYTHING), names) == EVERYTHING


def test_print_says_no_more_than_was_said_when_a_plan_was_made() -> None:
    plan = FaultPlan(Drop("disconnect"), Delay("post", (0, 1), nth=3))
    assert repr(plan) == "FaultPlan(Drop('disconnect'), Delay('post', (0, 1), nth=3), seed=0, clock_rate=1.0)"


def test_plan_cannot_be_changed_when_it_is_made() -> None:
    with pytest.raises(AttributeError):
        EVERYTHING.seed = 8  # type: ignore[misc]  # that it cannot is the test
    assert {EVERYTHING: 1}[EVERYTHING] == 1


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: Drop("connect"), "kind of a drop"),  # type: ignore[arg-type]  # wrong on purpose, as below
        (lambda: Duplicate("posts"), "kind of a duplicate"),  # type: ignore[arg-type]
        (lambda: Drop("post", chance=1.1), "chance of a drop"),
        (lambda: Drop("post", nth=0), "nth of a drop"),
        (lambda: Drop("post", connection=True), "connection of a drop"),
        (lambda: Delay("post", -1), "seconds of a delay"),
        (lambda: Delay("post", (2, 1)), "seconds of a delay"),
        (lambda: Delay("post", float("nan")), "seconds of a delay"),
        (lambda: Shuffle("post", 1), "window of a shuffle"),
        (lambda: Refuse(200), "status of a refuse"),
        (lambda: Stall(after=-1), "after of a stall"),
        (lambda: Kill(0), "call of a kill"),
        (lambda: FaultPlan(clock_rate=0), "clock_rate of a"),
        (lambda: FaultPlan(seed=1.5), "seed of a"),  # type: ignore[arg-type]
        (lambda: FaultPlan("drop"), "faults of a"),  # type: ignore[arg-type]
    ],
)
def test_complaint_names_the_field_when_a_value_makes_no_sense(
    make: Callable[[], object], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        make()


def test_nothing_of_it_is_loaded_when_nobody_asks_for_faults() -> None:
    program = """if True:
        import asyncio, sys
        from signalbox.gateway import Config, LocalGateway
        import signalbox.gateway.command
        async def main():
            async with LocalGateway("no.handler", Config(port=0)):
                pass
        asyncio.run(main())
        names = ("signalbox.gateway.faults", "signalbox.testing.plugin")
        print([name for name in sys.modules if name.startswith(names)])
    """
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
