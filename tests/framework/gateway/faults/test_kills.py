"""The kill switch counts calls to AWS and decides when a sandbox is killed."""

from signalbox.gateway.faults.decisions import FaultSelector
from signalbox.gateway.faults.kills import KillSwitch
from signalbox.gateway.faults.plan import FaultPlan, Kill


def survivals(switch: KillSwitch, name: str, calls: int) -> list[bool]:
    """Whether a sandbox survives each of so many calls."""
    return [switch.survives(name) for _ in range(calls)]


def test_sandbox_is_killed_once_when_it_reaches_the_call_of_a_kill() -> None:
    selector = FaultSelector(FaultPlan(Kill(2)))
    switch = KillSwitch([Kill(2)], selector)

    assert survivals(switch, "sandbox-1", 3) == [True, False, True]
    assert survivals(switch, "sandbox-2", 3) == [True, True, True]
    assert switch.calls == {"sandbox-1": 3, "sandbox-2": 3}
    assert selector.injected == {Kill(2): 1}


def test_as_many_sandboxes_are_killed_as_a_kill_has_times() -> None:
    kill = Kill(1, times=2)
    switch = KillSwitch([kill], FaultSelector(FaultPlan(kill)))

    assert [switch.survives(f"sandbox-{number}") for number in range(3)] == [False, False, True]
