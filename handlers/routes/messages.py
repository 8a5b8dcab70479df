"""What people say: to everybody, or to one."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from connection_store import ConnectionManager
from publisher import Recipient, Report
from resolver import Context, NotFoundError, Router

from ..delivery import Courier, compose
from ..protocol import Broadcast, BroadcastSent, DirectSend, DirectSent

router = Router()


@router.on_message("broadcast")
async def broadcast(
    message: Broadcast, context: Context, connections: ConnectionManager, courier: Courier
) -> BroadcastSent:
    """Send to everybody who is connected, the sender included."""
    frame = compose(context, "everyone", message.data)
    everybody = connections.stream(now=context.event.requested_at)
    report = await courier.deliver(frame, everybody, context)
    return BroadcastSent(message_id=frame.message_id, **_counts(report))


@router.on_message("direct.send")
async def send(
    message: DirectSend, context: Context, connections: ConnectionManager, courier: Courier
) -> DirectSent:
    """Send to every connection of one user; `not_found` when the user has left."""
    frame = compose(context, "you", message.data)
    recipients = await connections.connections_of(message.to, now=context.event.requested_at)
    report = await courier.deliver(frame, _stream(recipients), context, user_id=message.to)
    if report.sent == 0 and not (report.slow or report.failed):
        raise NotFoundError
    return DirectSent(message_id=frame.message_id, **_counts(report))


async def _stream(recipients: Iterable[Recipient]) -> AsyncIterator[Recipient]:
    for recipient in recipients:
        yield recipient


def _counts(report: Report) -> dict[str, Any]:
    return {
        "recipients": report.recipients,
        "sent": report.sent,
        "gone": len(report.gone),
        "slow": len(report.slow),
        "failed": len(report.failed),
        "complete": report.complete,
    }
