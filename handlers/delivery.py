"""From a message to everybody it is for: fan out, prune who is gone, count."""

from collections.abc import AsyncIterable

from connection_store import ConnectionManager, StoreError
from publisher import Gateway, Recipient, Report, fan_out
from resolver import Context

from .middleware import current_connection
from .observability import count_deliveries, logger
from .protocol import Frame, Message, Sender


def compose(context: Context, audience: str, data: object) -> Message:
    """Build the message that `context` asks to send; its id is the request's, so a copy can be told from a new one."""
    connection = current_connection(context)
    return Message.model_validate(
        {
            "message_id": context.request_id,
            "audience": audience,
            "sender": Sender(user_id=context.caller.user_id, name=connection.name or ""),
            "data": data,
            "sent_at": context.event.requested_at,
        }
    )


class Courier:
    """Delivers frames and keeps the store in step with what the gateway says of each recipient."""

    def __init__(self, gateway: Gateway, connections: ConnectionManager) -> None:
        self._gateway = gateway
        self._connections = connections

    async def deliver(self, frame: Frame, recipients: AsyncIterable[Recipient], context: Context) -> Report:
        """Send `frame` to `recipients` until done or out of time; whoever is gone loses their row, nobody else's."""
        body = frame.model_dump_json().encode()
        report = await fan_out(
            self._gateway, body, recipients, now=context.event.requested_at, time_left=context.time_left
        )
        await self._prune(report)
        count_deliveries(report)
        return report

    async def _prune(self, report: Report) -> None:
        try:
            await self._connections.prune(report.gone)
        except StoreError as error:  # rows expire by themselves; the message has been delivered
            logger.warning("gone connections not pruned", extra={"error": type(error).__name__})
