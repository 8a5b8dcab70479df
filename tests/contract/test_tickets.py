import asyncio

import pytest

from connection_store import InvalidKeyError, SpentTickets, Table
from connection_store.tickets import MARGIN
from tests.contract.conftest import Rows
from tests.contract.instants import NOW

ENDS = NOW + 120_000


@pytest.fixture
def tickets(table: Table) -> SpentTickets:
    return SpentTickets(table=table)


async def test_ticket_is_good_for_one_connection(tickets: SpentTickets, rows: Rows) -> None:
    assert await tickets.spend("t-1", "c-1", ends=ENDS, now=NOW)
    assert not await tickets.spend("t-1", "c-2", ends=ENDS, now=NOW)
    assert await tickets.spend("t-2", "c-2", ends=ENDS, now=NOW)
    assert rows()["ticket#t-1", "@"] == {"connection": "c-1", "expires_at": ENDS // 1000 + MARGIN}


async def test_answer_is_the_same_when_the_same_connection_asks_again(tickets: SpentTickets) -> None:
    assert [await tickets.spend("t-1", "c-1", ends=ENDS, now=NOW + n) for n in range(3)] == [True] * 3


async def test_one_connection_gets_the_ticket_when_many_try_at_once(tickets: SpentTickets) -> None:
    tries = (tickets.spend("t-1", f"c-{n}", ends=ENDS, now=NOW) for n in range(8))
    assert sum(await asyncio.gather(*tries)) == 1


async def test_ticket_is_remembered_beyond_its_end(tickets: SpentTickets) -> None:
    assert await tickets.spend("t-1", "c-1", ends=ENDS, now=NOW)
    assert not await tickets.spend("t-1", "c-2", ends=ENDS, now=ENDS + MARGIN * 1000 - 1)
    assert await tickets.spend("t-1", "c-2", ends=ENDS, now=ENDS + MARGIN * 1000)


async def test_partitions_have_tickets_of_their_own(table: Table, tickets: SpentTickets) -> None:
    assert await tickets.spend("t-1", "c-1", ends=ENDS, now=NOW)
    assert await SpentTickets(table=table, partition="one").spend("t-1", "c-2", ends=ENDS, now=NOW)


async def test_ticket_is_refused_when_no_key_can_hold_its_id(tickets: SpentTickets) -> None:
    with pytest.raises(InvalidKeyError):
        await tickets.spend("", "c-1", ends=ENDS, now=NOW)
