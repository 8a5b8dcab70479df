"""The one timer of a connection: lazily set, and gone with its connection.

Covers signalbox.gateway.sockets.connections.
"""

import asyncio
from dataclasses import dataclass

from signalbox.gateway.config import Limits
from signalbox.gateway.sockets.connections import Connection
from signalbox.gateway.sockets.expiry import GOING_AWAY, ExpiryTimer

LIMITS = Limits(idle=0.005, lifetime=60)


@dataclass
class FakeSocket:
    """Remembers how it was closed."""

    hung_up: asyncio.Future[tuple[int, str]]
    is_open: bool = True

    def push(self, frame: bytes) -> bool:
        raise NotImplementedError

    def reply(self, frame: bytes) -> bool:
        raise NotImplementedError

    def start_close(self, code: int, reason: str = "") -> None:
        self.hung_up.set_result((code, reason))


def connection(last_active: int = 0) -> Connection:
    socket = FakeSocket(asyncio.get_running_loop().create_future())
    return Connection("id", 0, "127.0.0.1", None, socket, last_active)


def end_of(connection: Connection) -> "asyncio.Future[tuple[int, str]]":
    assert isinstance(connection.socket, FakeSocket)
    return connection.socket.hung_up


async def test_connection_is_closed_when_it_was_idle_before_it_began() -> None:
    late = connection()
    timer = ExpiryTimer(late, LIMITS, lambda: 5, 1.0)
    async with asyncio.timeout(10):
        assert await end_of(late) == GOING_AWAY
    timer.end()


async def test_timer_is_gone_when_the_connection_is() -> None:
    closed, open_one = connection(), connection()
    now = 0
    gone, other = (ExpiryTimer(one, LIMITS, lambda: now, 1.0) for one in (closed, open_one))
    gone.end()
    now = 5
    async with asyncio.timeout(10):
        await end_of(open_one)
    assert not end_of(closed).done()
    other.end()


async def test_clock_that_goes_back_never_shortens_a_life() -> None:
    old, reference = connection(last_active=10), connection()
    timers = [ExpiryTimer(old, LIMITS, lambda: 6, 1.0), ExpiryTimer(reference, LIMITS, lambda: 6, 1.0)]
    async with asyncio.timeout(10):
        await end_of(reference)
    assert not end_of(old).done()
    for timer in timers:
        timer.end()
