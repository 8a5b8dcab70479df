"""One frame to some recipients: fan out, prune the gone, dismiss the slow, count."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict
from random import SystemRandom

from connection_store import ConnectionManager, Counts, StoreError
from signalbox.moment import Moment
from signalbox.observability import logger
from signalbox.protocol import DirectSent, Disconnect, DisconnectCode, Message
from signalbox.protocol.encoding import encode
from signalbox.publisher import FanOutError, Gateway, Recipient, Report, SendBudget, fan_out

from .metrics import count_deliveries

RECONNECTABLE: Collection[DisconnectCode] = {"slow", "ended", "expired"}
"""Codes after which a client may connect again at once."""

RANDOM = SystemRandom()
_delivering: ContextVar[bool] = ContextVar("_delivering", default=False)


class NestedDeliveryError(RuntimeError):
    """Code that runs inside a delivery began another one, which could go on for ever (F33)."""


def check_depth() -> None:
    """Raise NestedDeliveryError inside a delivery."""
    if _delivering.get():
        raise NestedDeliveryError("a delivery cannot begin another")


async def stream(recipients: Iterable[Recipient]) -> AsyncIterator[Recipient]:
    """Yield recipients that are at hand."""
    for recipient in recipients:
        yield recipient


def counts_of(report: Report) -> Counts:
    """Return the numbers of a fan-out's report."""
    return Counts(
        recipients=report.recipients,
        sent=report.sent,
        gone=len(report.gone),
        slow=len(report.slow),
        failed=len(report.failed) + report.too_large,
    )


class Delivery:
    """Delivers frames, and keeps the store in step with what the gateway says of each recipient.

    `budget` is this process's share of what the account may send; without one there is no bound. `jitter`
    (0 to 1) draws the pauses before another attempt. With `keep_rows` the rows of gone connections stay for
    the sweep, which tells the application.
    """

    def __init__(
        self,
        gateway: Gateway,
        connections: ConnectionManager,
        budget: SendBudget | None = None,
        *,
        jitter: Callable[[], float] = RANDOM.random,
        keep_rows: bool = False,
    ) -> None:
        self._gateway = gateway
        self._connections = connections
        self._budget = budget
        self._jitter = jitter
        self._keep_rows = keep_rows

    async def deliver(
        self,
        frame: bytes,
        recipients: AsyncIterable[Recipient],
        *,
        moment: Moment,
        user_id: str | None = None,
        start: str | None = None,
    ) -> Report:
        """Send `frame` until done or out of time. Connections that turn out to be gone are pruned.

        A client that does not read while others do is told to connect again, and closed (F17). `user_id` is
        the owner of all recipients, where that is known. `start` is the cursor that `recipients` was resumed
        from. Raises NestedDeliveryError, and StoreError when no recipient could be read. When only some could
        be read, the report is not complete.
        """
        with _depth_one():
            report = await self._fan_out(frame, recipients, moment, start)
            await self._prune(report, user_id, moment.now)
            # Only where others were served: else it may be the account that is refused, and not the client.
            if report.sent:
                await self.dismiss(report.slow, "slow", moment)
        count_deliveries(report)
        return report

    async def send(self, message: Message, user_id: str, moment: Moment) -> DirectSent:
        """Send `message` to every connection of a user. Raises as `deliver` does, and FrameTooLargeError."""
        frame = encode(message)
        recipients = stream(await self._connections.connections_of(user_id, now=moment.now))
        report = await self.deliver(frame, recipients, moment=moment, user_id=user_id)
        counts = asdict(counts_of(report))
        return DirectSent(message_id=message.message_id, complete=report.complete, **counts)

    async def post(self, connection_id: str, frame: bytes) -> None:
        """Send one frame to one connection, and ignore the outcome."""
        await self._gateway.post(connection_id, frame)

    async def dismiss(self, connection_ids: Collection[str], code: DisconnectCode, moment: Moment) -> None:
        """Tell connections why they end, and close them, as far as time allows."""
        frame = encode(Disconnect(code=code, reconnect=code in RECONNECTABLE))
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, moment.time_left()) + 1):
                await asyncio.gather(*(self._close(each, frame) for each in connection_ids))

    async def _fan_out(
        self, frame: bytes, recipients: AsyncIterable[Recipient], moment: Moment, start: str | None
    ) -> Report:
        try:
            return await fan_out(
                self._gateway,
                frame,
                recipients,
                now=moment.now,
                time_left=moment.time_left,
                budget=self._budget,
                start=start,
                jitter=self._jitter,
            )
        except FanOutError as error:
            if error.report.recipients == 0 and error.__cause__:
                raise error.__cause__ from None
            return error.report

    async def _prune(self, report: Report, user_id: str | None, now: int) -> None:
        try:
            await self._connections.prune(report.gone, user_id=user_id, keep_rows=self._keep_rows, now=now)
        except StoreError as error:  # rows expire by themselves, and the message has been delivered
            logger.warning("gone connections not pruned", extra={"error": type(error).__name__})

    async def _close(self, connection_id: str, frame: bytes) -> None:
        await self._gateway.post(connection_id, frame)  # it may have begun to read
        await self._gateway.close(connection_id)


@contextmanager
def _depth_one() -> Iterator[None]:
    check_depth()
    token = _delivering.set(True)
    try:
        yield
    finally:
        _delivering.reset(token)
