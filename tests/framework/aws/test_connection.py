import asyncio
from collections.abc import Callable

import pytest

from signalbox.aws.connection import Connection
from signalbox.aws.errors import ConnectionLostError, ResponseTimeoutError, StaleConnectionError
from tests.framework.aws.scripted import OK
from tests.framework.publisher.audience import seconds


class Wire(asyncio.Transport):
    """The other side of a connection."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.aborted = False
        self.lost: list[Connection] = []
        self.connection = Connection(asyncio.get_running_loop(), self.lost.append)
        self.connection.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted

    def get_write_buffer_size(self) -> int:
        return 0

    def receive(self, data: bytes) -> None:
        """Let the connection read something, as a loop would."""
        buffer = self.connection.get_buffer(-1)
        buffer[: len(data)] = data
        self.connection.buffer_updated(len(data))

    async def exchange(self, deadline: float, then: Callable[[], None] = lambda: None) -> int:
        """One exchange, and what happens while it waits."""
        asyncio.get_running_loop().call_soon(then)
        return (await self.connection.exchange(b"request", deadline)).status


async def test_connection_is_kept_when_exchanges_go_well() -> None:
    wire = Wire()

    for _ in range(3):
        assert await wire.exchange(2.0, lambda: wire.receive(OK)) == 200

    assert wire.written == [b"request"] * 3
    assert wire.connection.usable


async def test_exchange_fails_at_its_deadline_when_there_is_no_answer() -> None:
    wire = Wire()

    with pytest.raises(ResponseTimeoutError):
        await wire.exchange(2.0)

    assert (seconds(), wire.aborted) == (2.0, True)


@pytest.mark.parametrize("deadline", [1.5, 2.0, 3.0])
async def test_each_exchange_has_its_own_deadline_when_there_are_several(deadline: float) -> None:
    wire = Wire()
    await wire.exchange(2.0, lambda: wire.receive(OK))
    await asyncio.sleep(1.0)

    with pytest.raises(ResponseTimeoutError):
        await wire.exchange(deadline)

    assert seconds() == deadline


async def test_connection_stays_when_it_is_idle_past_a_deadline() -> None:
    wire = Wire()
    await wire.exchange(2.0, lambda: wire.receive(OK))
    await asyncio.sleep(10.0)

    assert wire.connection.usable


async def test_connection_is_ended_when_it_speaks_while_idle() -> None:
    wire = Wire()
    await wire.exchange(2.0, lambda: wire.receive(OK))

    wire.receive(OK)

    assert wire.aborted
    with pytest.raises(StaleConnectionError):
        await wire.exchange(2.0)
    assert wire.written == [b"request"]


async def test_connection_is_ended_when_an_exchange_is_cancelled() -> None:
    wire = Wire()
    task = asyncio.create_task(wire.exchange(2.0))
    await asyncio.sleep(1.0)

    task.cancel()
    await asyncio.wait({task})

    assert (task.cancelled(), wire.aborted, seconds()) == (True, True, 1.0)


async def test_nothing_of_an_answer_is_kept_when_it_has_been_given() -> None:
    wire = Wire()
    await wire.exchange(2.0, lambda: wire.receive(OK))

    assert wire.connection._parser is None


async def test_no_timer_keeps_a_connection_when_it_is_lost() -> None:
    wire = Wire()
    await wire.exchange(2.0, lambda: wire.receive(OK))

    wire.connection.connection_lost(None)

    assert wire.connection._timer is None


@pytest.mark.parametrize(("lost", "error"), [(None, None), (ConnectionResetError(), ConnectionLostError)])
async def test_body_is_not_cut_short_when_the_connection_breaks(
    lost: Exception | None, error: type[Exception] | None
) -> None:
    wire = Wire()

    def break_off() -> None:
        wire.receive(b"HTTP/1.1 200 OK\r\n\r\nhel")
        wire.connection.connection_lost(lost)

    if error is None:
        assert await wire.exchange(2.0, break_off) == 200
    else:
        with pytest.raises(error):
            await wire.exchange(2.0, break_off)
    assert wire.lost == [wire.connection]
