import asyncio
from random import Random

import pytest

from connection_store import StoreBusyError, StoreError, TransactionConflictError, time_budget
from connection_store.engine import NoAnswerError
from connection_store.requests import Put, Update
from connection_store.schema import Key
from signalbox.testing.capacity import CapacityMeter
from tests.contract.faults import Clock, conflict, refusal
from tests.framework.connection_store.conftest import MakeTable
from tests.framework.connection_store.script import Held

KEY = Key("user#ann", "c-1")
ITEM = {"pk": {"S": "user#ann"}, "sk": {"S": "c-1"}}
BUSY = refusal("ThrottlingException")
SILENT = NoAnswerError("EndpointConnectionError", sent=False)


class Loaded(Random):
    """Draws the highest pause allowed, every time, and the numbers 0, 1, 2 … for tokens."""

    def __init__(self) -> None:
        super().__init__()
        self._drawn = 0

    def uniform(self, a: float, b: float) -> float:
        return b

    def getrandbits(self, k: int) -> int:
        self._drawn += 1
        return self._drawn - 1


# One call


async def test_call_is_repeated_when_it_was_throttled(make_table: MakeTable) -> None:
    table = make_table(BUSY, SILENT, {"Item": ITEM})
    assert await table.get(KEY, now=0) == {"pk": "user#ann", "sk": "c-1"}
    assert len(table.engine.requests) == 3


async def test_pauses_double_up_to_a_bound_when_it_goes_on(make_table: MakeTable, clock: Clock) -> None:
    with pytest.raises(StoreBusyError):
        await make_table(BUSY, randomness=Loaded()).get(KEY, now=0)
    assert clock.pauses == [0.025, 0.05, 0.1, 0.2, 0.4, 0.4, 0.4, 0.4]


async def test_pauses_are_drawn_anew_when_two_meet_the_same_trouble(
    make_table: MakeTable, clock: Clock
) -> None:
    for seed in (1, 2):
        with pytest.raises(StoreBusyError):
            await make_table(BUSY, randomness=Random(seed)).get(KEY, now=0)
    assert len(set(clock.pauses)) == len(clock.pauses)


async def test_refusal_is_raised_at_once_when_no_repetition_can_help(
    make_table: MakeTable, clock: Clock
) -> None:
    table = make_table(refusal("AccessDeniedException"))
    with pytest.raises(StoreError, match="GetItem: AccessDeniedException"):
        await table.get(KEY, now=0)
    assert (len(table.engine.requests), clock.pauses) == (1, [])


async def test_call_gives_up_when_the_budget_around_it_is_spent(make_table: MakeTable, clock: Clock) -> None:
    with time_budget(0.3, clock=clock), pytest.raises(StoreBusyError):
        await make_table(BUSY).get(KEY, now=0)
    assert sum(clock.pauses) < 0.3


async def test_nothing_is_sent_when_no_time_is_left(make_table: MakeTable, clock: Clock) -> None:
    table = make_table({})
    with time_budget(0, clock=clock), pytest.raises(StoreBusyError, match="no time left"):
        await table.write(Put({"pk": "a", "sk": "b"}), now=0)
    assert table.engine.requests == []


async def test_store_is_busy_when_no_answer_comes(make_table: MakeTable, clock: Clock) -> None:
    table = make_table(engine=Held())
    with time_budget(0.05, clock=clock), pytest.raises(StoreBusyError, match="no answer in time"):
        await table.get(KEY, now=0)


async def test_loop_goes_on_when_a_call_takes_long(make_table: MakeTable) -> None:
    held = Held()
    call = asyncio.create_task(make_table(engine=held, budget=60).get(KEY, now=0))
    await held.entered.acquire()
    held.released.set()
    assert await call is None


# Writes


async def test_token_is_the_same_when_a_transaction_is_repeated(make_table: MakeTable) -> None:
    table = make_table(conflict("TransactWriteItems"), BUSY, {}, randomness=Loaded())
    puts = Put({"pk": "a", "sk": "1"}), Put({"pk": "b", "sk": "1"})
    await table.write(*puts, now=0)
    await table.write(*puts, now=0)
    tokens = [request["ClientRequestToken"] for _, request in table.engine.requests]
    assert tokens == [f"{0:032x}"] * 3 + [f"{1:032x}"]


async def test_conflict_is_raised_when_three_repetitions_met_it_too(make_table: MakeTable) -> None:
    table = make_table(conflict("PutItem"))
    with pytest.raises(TransactionConflictError):
        await table.write(Put({"pk": "a", "sk": "b"}), now=0)
    assert len(table.engine.requests) == 4


async def test_batch_has_twenty_five_at_most(make_table: MakeTable) -> None:
    table = make_table({})
    await table.delete_all(Key("user#ann", f"c-{number}") for number in range(60))
    assert [len(request["RequestItems"]["table"]) for _, request in table.engine.requests] == [25, 25, 10]


async def test_nothing_is_sent_when_there_is_nothing_to_delete(make_table: MakeTable) -> None:
    table = make_table({})
    await table.delete_all([])
    assert table.engine.requests == []


async def test_only_the_rest_is_repeated_when_a_batch_was_done_in_part(make_table: MakeTable) -> None:
    deletes = [{"DeleteRequest": {"Key": ITEM}}]
    table = make_table({"UnprocessedItems": {"table": deletes}}, {"UnprocessedItems": {}})
    await table.delete_all([Key("user#ann", "c-0"), KEY])
    sent = [request["RequestItems"]["table"] for _, request in table.engine.requests]
    assert [len(entries) for entries in sent] == [2, 1]
    assert sent[1] == deletes


async def test_store_is_busy_when_a_batch_is_never_done(make_table: MakeTable, clock: Clock) -> None:
    deletes = [{"DeleteRequest": {"Key": ITEM}}]
    with pytest.raises(StoreBusyError, match="not all of it was done"):
        await make_table({"UnprocessedItems": {"table": deletes}}).delete_all([KEY])
    assert sum(clock.pauses) < 2


async def test_row_as_it_was_is_returned_whether_or_not_an_update_was_done(make_table: MakeTable) -> None:
    update = Update(KEY, "SET v = :v", "v = :v", {":v": 1})
    refused = refusal("ConditionalCheckFailedException", item={**ITEM, "v": {"N": "2"}})
    for answer in ({"Attributes": {**ITEM, "v": {"N": "2"}}}, refused):
        table = make_table(answer)
        assert await table.update(update, now=0) == {"pk": "user#ann", "sk": "c-1", "v": 2}
        assert table.engine.requests[0][1]["ReturnValues"] == "ALL_OLD"
    assert await make_table(refusal("ConditionalCheckFailedException")).update(update, now=0) is None


# Reads of many


async def test_rows_are_read_a_hundred_at_once(make_table: MakeTable) -> None:
    table = make_table({"Responses": {"table": []}}, concurrency=1)
    keys = [Key("user#ann", f"c-{number}") for number in range(230)]
    assert await table.get_all(keys, now=0, consistent=True) == {}
    sent = [request["RequestItems"]["table"] for _, request in table.engine.requests]
    assert sorted(len(wanted["Keys"]) for wanted in sent) == [30, 100, 100]
    assert all(wanted["ConsistentRead"] for wanted in sent)
    assert await make_table({}).get_all([], now=0) == {}


async def test_only_what_was_left_out_is_asked_for_again(make_table: MakeTable, clock: Clock) -> None:
    other = {**ITEM, "sk": {"S": "c-2"}}
    left = {"table": {"Keys": [other], "ConsistentRead": False}}
    table = make_table(
        {"Responses": {"table": [ITEM]}, "UnprocessedKeys": left}, {"Responses": {"table": [other]}}
    )
    found = await table.get_all([KEY, Key("user#ann", "c-2")], now=0)
    assert [key.sk for key in found] == ["c-1", "c-2"]
    assert table.engine.requests[1][1]["RequestItems"] == left
    assert len(clock.pauses) == 1


async def test_store_is_busy_when_rows_are_left_out_every_time(make_table: MakeTable, clock: Clock) -> None:
    left = {"table": {"Keys": [ITEM], "ConsistentRead": False}}
    with pytest.raises(StoreBusyError, match="not all of it was read"):
        await make_table({"Responses": {"table": []}, "UnprocessedKeys": left}).get_all([KEY], now=0)
    assert sum(clock.pauses) < 2


async def test_listener_hears_of_answers_and_of_refusals_when_there_is_one(make_table: MakeTable) -> None:
    meter = CapacityMeter()
    await make_table(BUSY, SILENT, {"Item": ITEM}, listener=meter).get(KEY, now=0)
    assert meter.requests == {"GetItem": 2}
    assert meter.reads == {"user#ann": 0.5}
