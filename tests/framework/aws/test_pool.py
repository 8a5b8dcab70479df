import asyncio
from collections.abc import AsyncIterator

import pytest

from signalbox.aws.pool import Origin, Pool
from tests.framework.aws.scripted import Server

FAR = 1e9


@pytest.fixture
async def pool(server: Server) -> AsyncIterator[Pool]:
    pool = Pool(Origin("127.0.0.1", server.port, None), size=1, connect_timeout=5.0, clock=lambda: 0.0)
    yield pool
    pool.close()


async def test_next_in_line_gets_the_connection_when_the_first_is_cancelled_as_it_is_handed_on(
    pool: Pool, server: Server
) -> None:
    connection = await pool.take(FAR)
    first, second = (asyncio.create_task(pool.take(FAR)) for _ in range(2))
    await asyncio.sleep(0)

    pool.put(connection)
    first.cancel()

    async with asyncio.timeout(10):
        assert await second is connection
    assert first.cancelled()


async def test_next_in_line_gets_the_place_when_the_first_is_cancelled_as_it_is_handed_on(
    pool: Pool, server: Server
) -> None:
    connection = await pool.take(FAR)
    first, second = (asyncio.create_task(pool.take(FAR)) for _ in range(2))
    await asyncio.sleep(0)

    connection.drop()
    pool.release()
    first.cancel()

    async with asyncio.timeout(10):
        assert await second is not connection
    await server.until(lambda: server.accepted == 2)


async def test_connection_is_ended_when_it_is_given_back_after_the_end(pool: Pool, server: Server) -> None:
    connection = await pool.take(FAR)
    pool.close()
    await asyncio.sleep(0)

    pool.put(connection)

    assert not connection.usable
    await server.until(lambda: server.open == 0)
