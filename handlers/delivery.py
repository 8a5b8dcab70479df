"""From a message to everybody it is for: fan out, prune who is gone, count."""

from collections.abc import AsyncIterable
from typing import Literal

from pydantic import JsonValue

from connection_store import ConnectionManager, StoreError
from publisher import FanOutError, Gateway, Recipient, Report, fan_out
from resolver import Context

from .middleware import current_connection
from .observability import count_deliveries, logger
from .protocol import Frame, Message, Sender


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


class Courier:
    """Delivers frames and keeps the store in step with what the gateway says of each recipient."""

    def __init__(self, gateway: Gateway, connections: ConnectionManager) -> None:
        self._gateway = gateway
        self._connections = connections

    async def deliver(
        self,
        frame: Frame,
        recipients: AsyncIterable[Recipient],
        context: Context,
        *,
        user_id: str | None = None,
    ) -> Report:
        """Send `frame` until done or out of time; whoever is gone loses their row, and nobody else.

        `user_id` is whose connections they all are, where that is known. Raises StoreError when nobody could
        be read; when only some could, the report is not complete.
        """
        report = await self._fan_out(frame.model_dump_json().encode(), recipients, context)
        await self._prune(report, user_id, context.event.requested_at)
        count_deliveries(report)
        return report

    async def _fan_out(self, frame: bytes, recipients: AsyncIterable[Recipient], context: Context) -> Report:
        now = context.event.requested_at
        try:
            return await fan_out(self._gateway, frame, recipients, now=now, time_left=context.time_left)
        except FanOutError as error:
            if error.report.recipients == 0 and error.__cause__:
                raise error.__cause__ from None
            return error.report

    async def _prune(self, report: Report, user_id: str | None, now: int) -> None:
        try:
            await self._connections.prune(report.gone, user_id=user_id, now=now)
        except StoreError as error:  # rows expire by themselves, and the message has been delivered
            logger.warning("gone connections not pruned", extra={"error": type(error).__name__})
