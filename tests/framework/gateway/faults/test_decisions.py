"""Whom a fault befalls depends on the plan and on each connection's own history, and on nothing else."""

from itertools import chain, repeat

from signalbox.gateway.faults.decisions import Fates, Journey
from signalbox.gateway.faults.plan import Delay, Drop, Duplicate, FaultPlan, Refuse, Shuffle

PLAN = FaultPlan(
    Drop("message", chance=0.2),
    Delay("message", (0, 1), chance=0.5),
    Duplicate("message", chance=0.3),
    seed=7,
)


def journeys(plan: FaultPlan, order: "list[str]", kind: str = "message") -> dict[str, list[Journey]]:
    """What the items of each connection meet when they come in this order; connections are a, b and c."""
    fates = Fates(plan)
    for connection in "abc":
        fates.number(connection)
    met: dict[str, list[Journey]] = {}
    for connection in order:
        met.setdefault(connection, []).append(fates.journey(kind, connection))
    return met


def test_fate_of_a_connection_is_the_same_when_others_come_in_another_order() -> None:
    in_turn = journeys(PLAN, list("abc" * 40))
    one_by_one = journeys(PLAN, list(chain(*(repeat(name, 40) for name in "cab"))))
    assert in_turn == one_by_one
    assert in_turn["a"] != in_turn["b"], "each has dice of its own"
    assert journeys(PLAN, list("c" * 40))["c"] == in_turn["c"]


def test_fates_differ_when_the_seed_does() -> None:
    other = FaultPlan(*PLAN.faults, seed=8)
    assert journeys(PLAN, ["a"] * 40) != journeys(other, ["a"] * 40)


def test_fates_of_others_stay_when_a_fault_is_added_at_the_end() -> None:
    more = FaultPlan(*PLAN.faults, Refuse(429), seed=7)
    assert journeys(PLAN, ["a"] * 40) == journeys(more, ["a"] * 40)


def test_chances_come_true_about_as_often_as_they_say() -> None:
    met = journeys(PLAN, ["a"] * 2_000)["a"]
    dropped = sum(not journey.delays for journey in met)
    doubled = sum(len(journey.delays) == 2 for journey in met)
    assert 300 < dropped < 500
    assert 300 < doubled * 2_000 / (2_000 - dropped) < 900


def test_copies_have_delays_of_their_own_when_an_item_is_doubled() -> None:
    plan = FaultPlan(Duplicate("message"), Delay("message", (0, 1)))
    first, second = journeys(plan, ["a"])["a"][0].delays
    assert 0 <= first <= 1
    assert 0 <= second <= 1
    assert first != second


def test_nth_is_counted_on_one_connection_when_it_is_named_and_on_all_otherwise() -> None:
    named = journeys(FaultPlan(Drop("message", connection=2, nth=2)), list("abab"))
    assert [len(journey.delays) for journey in named["b"]] == [1, 0]
    assert [len(journey.delays) for journey in named["a"]] == [1, 1]
    unnamed = journeys(FaultPlan(Drop("message", nth=2)), list("abab"))
    assert [len(journey.delays) for journey in unnamed["b"]] == [0, 1]
    assert [len(journey.delays) for journey in unnamed["a"]] == [1, 1]


def test_company_is_ones_own_connection_for_messages_and_everybody_for_disconnects() -> None:
    for kind, places in (("message", {(0, 1), (0, 2)}), ("disconnect", {(0, 0)})):
        met = journeys(FaultPlan(Shuffle(kind, 3)), ["a", "b"], kind)  # type: ignore[arg-type]  # both are kinds
        assert {journey.waits[0].place for journey in chain(*met.values())} == places


def test_faults_that_came_true_are_counted() -> None:
    fates = Fates(FaultPlan(Drop("message", nth=2), Duplicate("message")))
    for _ in range(3):
        fates.journey("message", "a")
    assert fates.befallen == {Drop("message", nth=2): 1, Duplicate("message"): 3}
