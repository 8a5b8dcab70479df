import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from connection_store import StoreError
from connection_store.requests import Query
from connection_store.table import AHEAD
from tests.contract.faults import refusal
from tests.framework.connection_store.conftest import MakeTable
from tests.framework.connection_store.script import Held, Script

NEXT = {"pk": {"S": "p"}, "sk": {"S": "c-1"}}


def page(*ids: str, more: bool = False) -> dict[str, Any]:
    items = [{"pk": {"S": "p"}, "sk": {"S": id_}} for id_ in ids]
    return {"Items": items, **({"LastEvaluatedKey": NEXT} if more else {})}


async def ids_of(rows: AsyncIterator[dict[str, Any]]) -> list[str]:
    return [row["sk"] async for row in rows]


async def test_query_goes_on_when_a_page_is_empty_but_not_the_last(make_table: MakeTable) -> None:
    script = Script(page(more=True), page("a", more=True), page(more=True), page("b"))
    table = make_table(engine=script)
    assert await ids_of(table.query(Query("p", 0))) == ["a", "b"]
    starts = [request.get("ExclusiveStartKey") for _, request in script.requests]
    assert starts == [None, NEXT, NEXT, NEXT]


class Partitions:
    """An engine with one row a partition, which answers the later ones first."""

    def __init__(self, failing: str = "") -> None:
        self._failing = failing
        self._answered = {str(number): asyncio.Event() for number in range(AHEAD * 3)}

    async def call(self, operation: str, request: Any) -> dict[str, Any]:
        partition: str = request["ExpressionAttributeValues"][":partition"]["S"]
        number = int(partition)
        if number % AHEAD != AHEAD - 1:
            await self._answered[str(number + 1)].wait()
        self._answered[partition].set()
        if partition == self._failing:
            raise refusal("AccessDeniedException")
        return page(partition)

    async def close(self) -> None:
        pass


async def test_rows_come_in_the_order_of_queries_when_answers_do_not(make_table: MakeTable) -> None:
    names = [str(number) for number in range(AHEAD)]
    table = make_table(engine=Partitions(), budget=60)
    assert await ids_of(table.query(*(Query(name, 0) for name in names))) == names


async def test_no_more_than_a_few_queries_run_ahead(make_table: MakeTable) -> None:
    held = Held()
    table = make_table(engine=held, concurrency=AHEAD * 2, budget=60)
    everything = asyncio.create_task(ids_of(table.query(*(Query(str(number), 0) for number in range(32)))))
    for _ in range(AHEAD):
        await held.entered.acquire()
    for _ in range(20):
        await asyncio.sleep(0)
    assert held.calls == AHEAD
    held.released.set()
    assert await everything == []
    assert held.calls == 32


async def test_f29_nothing_runs_on_when_the_consumer_stops_early(make_table: MakeTable) -> None:
    table = make_table(page("a", "b", more=True))
    async with aclosing(table.query(*(Query(str(number), 0) for number in range(32)))) as rows:
        assert (await anext(rows))["sk"] == "a"
        assert len(asyncio.all_tasks()) > 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_f29_nothing_runs_on_when_the_consumer_is_cancelled(make_table: MakeTable) -> None:
    held = Held()
    table = make_table(engine=held, budget=60)
    consumer = asyncio.create_task(ids_of(table.query(Query("p", 0), Query("q", 0))))
    await held.entered.acquire()
    consumer.cancel()
    # By itself the call would end with its budget, which is longer.
    assert await asyncio.wait({consumer}, timeout=10) == ({consumer}, set())
    assert asyncio.all_tasks() == {asyncio.current_task()}
    held.released.set()


async def test_f29_nothing_runs_on_when_a_query_fails(make_table: MakeTable) -> None:
    table = make_table(engine=Partitions(failing="1"), budget=60)
    rows = table.query(*(Query(str(number), 0) for number in range(AHEAD)))
    assert (await anext(rows))["sk"] == "0"
    with pytest.raises(StoreError, match="AccessDenied"):
        await anext(rows)
    assert asyncio.all_tasks() == {asyncio.current_task()}
