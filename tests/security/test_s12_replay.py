"""S12: of any number who use a ticket at once, exactly one is let in."""

import asyncio
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from connection_store import SpentTickets, Table
from signalbox.dev.identity import Identity
from signalbox.gateway import LocalGateway
from tests.contract.faults import FaultyEngine, refusal
from tests.contract.instants import NOW
from tests.security.conftest import PAGE

ENDS = NOW + 30_000
RIVALS = 8


async def test_s12_one_wins_when_a_ticket_is_used_at_once(
    table: Table, make_table: Callable[..., Table]
) -> None:
    offices = [SpentTickets(table=make_table()) for _ in range(RIVALS)]

    won = await asyncio.gather(
        *(office.spend("ticket", f"c{rival}=", ends=ENDS, now=NOW) for rival, office in enumerate(offices))
    )

    assert sorted(won) == [False] * (RIVALS - 1) + [True]


async def test_s12_ticket_stays_spent_until_it_could_not_be_used_anyway(table: Table) -> None:
    tickets = SpentTickets(table=table)
    assert await tickets.spend("ticket", "a=", ends=ENDS, now=NOW)

    assert not await tickets.spend("ticket", "b=", ends=ENDS, now=ENDS)
    assert not await tickets.spend("ticket", "b=", ends=ENDS, now=ENDS + 59_000)
    assert await tickets.spend("ticket", "b=", ends=ENDS + 120_000, now=ENDS + 60_000)


async def test_s12_same_connection_has_its_ticket_when_the_answer_was_lost(
    table: Table, make_table: Callable[..., Table], engine: Any
) -> None:
    def lose_first(operation: str, attempt: int) -> BaseException | None:
        return refusal("InternalServerError", status=500) if attempt == 1 else None

    tickets = SpentTickets(table=make_table(engine=FaultyEngine(engine, after=lose_first)))

    assert await tickets.spend("ticket", "a=", ends=ENDS, now=NOW)
    assert not await tickets.spend("ticket", "b=", ends=ENDS, now=NOW)


async def test_s12_tickets_of_one_partition_are_none_of_anothers(table: Table) -> None:
    one, other = (SpentTickets(partition=name, table=table) for name in ("one", "other"))

    assert await one.spend("ticket", "a=", ends=ENDS, now=NOW)
    assert await other.spend("ticket", "b=", ends=ENDS, now=NOW)


async def status(url: str) -> int:
    try:
        async with connect(url, origin=Origin(PAGE), open_timeout=60):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_s12_one_handshake_is_accepted_when_two_use_a_ticket_at_once(
    gateway: LocalGateway, identity: Identity
) -> None:
    for _ in range(3):
        url = f"{gateway.websocket_url}?ticket={identity.ticket('ann', PAGE)}"

        assert sorted(await asyncio.gather(status(url), status(url))) == [101, 401]
