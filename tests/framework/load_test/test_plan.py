from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.load_test.plan import Plan


def make_plan(connections: int, broadcasts: int, ramp: int, storm: int) -> Plan:
    """A plan with these phases."""
    return Plan(connections, broadcasts, 64, 100.0, 1, 1.0, ramp=ramp, storm=storm, slow=0, timeout=5.0)


@settings(deadline=None)
@given(st.integers(9, 20_000), st.integers(0, 1000), st.integers(1, 9), st.integers(0, 9))
def test_every_broadcast_has_its_phase_when_there_are_several(
    connections: int, broadcasts: int, ramp: int, storm: int
) -> None:
    phases = list(make_plan(connections, broadcasts, ramp, storm).phases())

    assert sum(phase.broadcasts for phase in phases) == broadcasts
    assert [phase.storm for phase in phases] == [False] * ramp + [True] * storm
    sizes = [phase.connections for phase in phases]
    assert sizes == sorted(sizes)
    assert sizes[0] > 0
    assert set(sizes[ramp - 1 :]) == {connections}


def test_phases_have_names_when_they_are_shown() -> None:
    assert [phase.name for phase in make_plan(5, 1, 1, 1).phases()] == ["run", "storm 1"]
    assert [phase.name for phase in make_plan(5, 1, 2, 0).phases()] == ["step 1", "step 2"]
