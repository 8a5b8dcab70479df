"""The faults of an item depend on the plan and on the items of its own connection, and on nothing else."""

from itertools import chain, repeat

from signalbox.gateway.faults.decisions import FaultSelector, Transmission
from signalbox.gateway.faults.plan import Delay, Drop, Duplicate, FaultPlan, Refuse, Shuffle

PLAN = FaultPlan(
    Drop("message", chance=0.2),
    Delay("message", (0, 1), chance=0.5),
    Duplicate("message", chance=0.3),
    seed=7,
)


def transmissions(
    plan: FaultPlan, order: "list[str]", kind: str = "message"
) -> dict[str, list[Transmission]]:
    """The transmissions of each connection's items, sent in this order. The connections are a, b and c."""
    selector = FaultSelector(plan)
    for connection in "abc":
        selector.number(connection)
    met: dict[str, list[Transmission]] = {}
    for connection in order:
        met.setdefault(connection, []).append(selector.transmission(kind, connection))
    return met


def test_faults_of_a_connection_are_the_same_when_others_send_in_another_order() -> None:
    in_turn = transmissions(PLAN, list("abc" * 40))
    one_by_one = transmissions(PLAN, list(chain(*(repeat(name, 40) for name in "cab"))))
    assert in_turn == one_by_one
    assert in_turn["a"] != in_turn["b"], "each connection has its own random numbers"
    assert transmissions(PLAN, list("c" * 40))["c"] == in_turn["c"]


def test_faults_differ_when_the_seed_does() -> None:
    other = FaultPlan(*PLAN.faults, seed=8)
    assert transmissions(PLAN, ["a"] * 40) != transmissions(other, ["a"] * 40)


def test_other_faults_stay_the_same_when_one_is_added_at_the_end() -> None:
    more = FaultPlan(*PLAN.faults, Refuse(429), seed=7)
    assert transmissions(PLAN, ["a"] * 40) == transmissions(more, ["a"] * 40)


def test_faults_are_injected_about_as_often_as_their_chance_when_there_are_many_items() -> None:
    met = transmissions(PLAN, ["a"] * 2_000)["a"]
    dropped = sum(not transmission.delays for transmission in met)
    doubled = sum(len(transmission.delays) == 2 for transmission in met)
    assert 300 < dropped < 500
    assert 300 < doubled * 2_000 / (2_000 - dropped) < 900


def test_copies_have_delays_of_their_own_when_an_item_is_doubled() -> None:
    plan = FaultPlan(Duplicate("message"), Delay("message", (0, 1)))
    first, second = transmissions(plan, ["a"])["a"][0].delays
    assert 0 <= first <= 1
    assert 0 <= second <= 1
    assert first != second


def test_nth_is_counted_on_one_connection_when_it_is_named_and_on_all_otherwise() -> None:
    named = transmissions(FaultPlan(Drop("message", connection=2, nth=2)), list("abab"))
    assert [len(transmission.delays) for transmission in named["b"]] == [1, 0]
    assert [len(transmission.delays) for transmission in named["a"]] == [1, 1]
    unnamed = transmissions(FaultPlan(Drop("message", nth=2)), list("abab"))
    assert [len(transmission.delays) for transmission in unnamed["b"]] == [0, 1]
    assert [len(transmission.delays) for transmission in unnamed["a"]] == [1, 1]


def test_buffer_is_the_connections_for_messages_and_common_for_disconnects_when_items_are_shuffled() -> None:
    for kind, buffers in (("message", {(0, 1), (0, 2)}), ("disconnect", {(0, 0)})):
        met = transmissions(FaultPlan(Shuffle(kind, 3)), ["a", "b"], kind)  # type: ignore[arg-type]  # both are kinds
        assert {transmission.reorderings[0].buffer for transmission in chain(*met.values())} == buffers


def test_faults_are_counted_when_they_are_injected() -> None:
    selector = FaultSelector(FaultPlan(Drop("message", nth=2), Duplicate("message")))
    for _ in range(3):
        selector.transmission("message", "a")
    assert selector.injected == {Drop("message", nth=2): 1, Duplicate("message"): 3}
