"""What people say: to everybody, or to one."""

from signalbox.identity.principal import current_principal
from signalbox.protocol import Broadcast, BroadcastSent, DirectSend, DirectSent
from signalbox.resolver import Context, NotFoundError, Router

from ..delivery.broadcasting import Broadcaster
from ..delivery.delivery import Courier, compose
from ..policy import Policy

router = Router()


@router.on_message("broadcast")
async def broadcast(message: Broadcast, context: Context, broadcaster: Broadcaster) -> BroadcastSent:
    """Send to everybody who is connected, the sender included; large audiences are served by workers."""
    return await broadcaster.broadcast(
        compose(context, "everyone", message.data),
        now=context.event.requested_at,
        time_left=context.time_left,
        reply_to=context.event.connection_id,
    )


@router.on_message("direct.send")
async def send(message: DirectSend, context: Context, courier: Courier, policy: Policy) -> DirectSent:
    """Send to every connection of one user; `not_found` when the user has left."""
    policy.admit_message(current_principal(context), message.to)
    frame = compose(context, "you", message.data)
    now = context.event.requested_at
    sent = await courier.send(frame, message.to, now=now, time_left=context.time_left)
    if not (sent.sent or sent.slow or sent.failed):
        raise NotFoundError
    return sent
