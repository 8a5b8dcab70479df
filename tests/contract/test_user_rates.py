import asyncio

import pytest

from connection_store import Rate, Table, UserRates
from tests.contract.instants import NOW

TWO_AT_ONCE = Rate(steady=1, burst=2)


@pytest.fixture
def rates(table: Table) -> UserRates:
    return UserRates(table)


async def test_burst_is_allowed_and_then_one_a_second(rates: UserRates) -> None:
    waits = [await rates.take("ann", "say", TWO_AT_ONCE, now=NOW) for _ in range(4)]

    assert waits == [0, 0, 1_000, 1_000]
    assert await rates.take("ann", "say", TWO_AT_ONCE, now=NOW + 999) == 1
    assert await rates.take("ann", "say", TWO_AT_ONCE, now=NOW + 1_000) == 0
    assert await rates.take("ann", "say", TWO_AT_ONCE, now=NOW + 60_000) == 0


async def test_users_messages_and_tenants_are_counted_apart(rates: UserRates, table: Table) -> None:
    once = Rate(steady=1, burst=1)
    await rates.take("ann", "say", once, now=NOW)

    assert await rates.take("bob", "say", once, now=NOW) == 0
    assert await rates.take("ann", "react", once, now=NOW) == 0
    assert await UserRates(table, "acme").take("ann", "say", once, now=NOW) == 0
    assert await rates.take("ann", "say", once, now=NOW) == 1_000


async def test_no_more_than_the_burst_are_allowed_when_all_come_at_once(rates: UserRates) -> None:
    taking = (rates.take("ann", "say", Rate(steady=1, burst=3), now=NOW) for _ in range(8))

    waits = await asyncio.gather(*taking)

    assert waits.count(0) <= 3
