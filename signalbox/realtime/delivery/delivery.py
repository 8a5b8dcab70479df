"""From a frame to those it is for: fan out, prune who is gone, tell who is slow, count."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict
from random import SystemRandom
from typing import Literal

from pydantic import JsonValue

from connection_store import ConnectionManager, Counts, StoreError
from signalbox.observability import count_deliveries, logger
from signalbox.protocol import DirectSent, Disconnect, DisconnectCode, Frame, Message, Sender
from signalbox.publisher import (
    MAX_FRAME_BYTES,
    FanOutError,
    FrameTooLargeError,
    Gateway,
    Recipient,
    Report,
    SendBudget,
    fan_out,
)
from signalbox.resolver import Context

from ..middleware import current_connection

WELCOME: Collection[DisconnectCode] = {"slow", "ended", "expired"}
"""Who may connect again at once."""

_RANDOM = SystemRandom()
_delivering: ContextVar[bool] = ContextVar("_delivering", default=False)


class NestedDeliveryError(RuntimeError):
    """Something that runs inside a delivery began another: a loop that would never end by itself (F33)."""


def compose(context: Context, audience: Literal["everyone", "you"], data: JsonValue) -> Message:
    """The message that `context` asks to send. Its id is the request's: a copy can be told from a new one."""
    sender = Sender(user_id=context.caller.user_id, name=current_connection(context).name or "")
    return Message(
        message_id=context.request_id,
        audience=audience,
        sender=sender,
        data=data,
        sent_at=context.event.requested_at,
    )


def encode(frame: Frame) -> bytes:
    """The frame as it goes out. Raises FrameTooLargeError, before anything is stored or sent (W23, W30)."""
    data = frame.model_dump_json().encode()
    if len(data) > MAX_FRAME_BYTES:
        raise FrameTooLargeError(f"{len(data)} bytes, and {MAX_FRAME_BYTES} are allowed")
    return data


def check_depth() -> None:
    """Raise NestedDeliveryError inside a delivery."""
    if _delivering.get():
        raise NestedDeliveryError("a delivery cannot begin another")


async def stream(recipients: Iterable[Recipient]) -> AsyncIterator[Recipient]:
    """Recipients that are at hand, as a stream."""
    for recipient in recipients:
        yield recipient


def counts_of(report: Report) -> Counts:
    """The numbers of a fan-out's report."""
    return Counts(
        recipients=report.recipients,
        sent=report.sent,
        gone=len(report.gone),
        slow=len(report.slow),
        failed=len(report.failed) + report.too_large,
    )


class Courier:
    """Delivers frames and keeps the store in step with what the gateway says of each recipient.

    `budget` is this process's share of what the account may send; without one there is no bound. `jitter` (0
    to 1) draws the pauses before another try.
    """

    def __init__(
        self,
        gateway: Gateway,
        connections: ConnectionManager,
        budget: SendBudget | None = None,
        *,
        jitter: Callable[[], float] = _RANDOM.random,
    ) -> None:
        self._gateway = gateway
        self._connections = connections
        self._budget = budget
        self._jitter = jitter

    async def deliver(
        self,
        frame: bytes,
        recipients: AsyncIterable[Recipient],
        *,
        now: int,
        time_left: Callable[[], float],
        user_id: str | None = None,
        start: str | None = None,
    ) -> Report:
        """Send `frame` until done or out of time; whoever is gone has ended, and nobody else.

        Who does not read while others do is told to connect again, and closed (F17). `now` is epoch
        milliseconds, `time_left` gives seconds. `user_id` is whose connections they all are, where that is
        known; `start` is the cursor that `recipients` was resumed from. Raises NestedDeliveryError, and
        StoreError when nobody could be read; when only some could, the report is not complete.
        """
        with _depth_one():
            report = await self._fan_out(frame, recipients, now, time_left, start)
            await self._prune(report, user_id, now)
            # Only where others were served: else it may be the account that is refused, and not the client.
            if report.sent:
                await self.dismiss(report.slow, "slow", time_left)
        count_deliveries(report)
        return report

    async def send(
        self, message: Message, user_id: str, *, now: int, time_left: Callable[[], float]
    ) -> DirectSent:
        """Send `message` to every connection of a user. Raises as `deliver` does, and FrameTooLargeError."""
        frame = encode(message)
        recipients = stream(await self._connections.connections_of(user_id, now=now))
        report = await self.deliver(frame, recipients, now=now, time_left=time_left, user_id=user_id)
        counts = asdict(counts_of(report))
        return DirectSent(message_id=message.message_id, complete=report.complete, **counts)

    async def dismiss(
        self,
        connection_ids: Collection[str],
        code: DisconnectCode,
        time_left: Callable[[], float],
    ) -> None:
        """Tell connections why they end, and close them, as far as time allows."""
        frame = encode(Disconnect(code=code, reconnect=code in WELCOME))
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, time_left()) + 1):
                await asyncio.gather(*(self._close(each, frame) for each in connection_ids))

    async def _fan_out(
        self,
        frame: bytes,
        recipients: AsyncIterable[Recipient],
        now: int,
        time_left: Callable[[], float],
        start: str | None,
    ) -> Report:
        try:
            return await fan_out(
                self._gateway,
                frame,
                recipients,
                now=now,
                time_left=time_left,
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
            await self._connections.prune(report.gone, user_id=user_id, now=now)
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
