from connection_store.timing import CALL_BUDGET, deadline, time_budget
from tests.contract.faults import Clock


def test_call_may_take_its_own_budget_when_there_is_no_other() -> None:
    assert deadline(CALL_BUDGET, lambda: 100.0) == 100.0 + CALL_BUDGET


def test_budget_runs_from_where_it_was_set_when_calls_follow_each_other() -> None:
    clock = Clock()
    with time_budget(3, clock=clock):
        assert deadline(CALL_BUDGET, clock) == 1_002
        clock.now += 2.5
        assert deadline(CALL_BUDGET, clock) == 1_003
        clock.now += 10
        assert deadline(CALL_BUDGET, clock) == 1_003
    assert deadline(CALL_BUDGET, clock) == clock.now + CALL_BUDGET


def test_inner_budget_shortens_and_never_lengthens() -> None:
    clock = Clock()
    with time_budget(1, clock=clock):
        with time_budget(0.5, clock=clock):
            assert deadline(CALL_BUDGET, clock) == 1_000.5
        with time_budget(60, clock=clock):
            assert deadline(CALL_BUDGET, clock) == 1_001
        assert deadline(CALL_BUDGET, clock) == 1_001
