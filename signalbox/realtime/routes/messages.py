"""Messages: to everybody, or to one user."""

from typing import Literal

from pydantic import JsonValue

from signalbox.identity.principal import current_principal
from signalbox.protocol import Broadcast, BroadcastSent, DirectSend, DirectSent, Message, Sender
from signalbox.resolver import Context, NotFoundError, Router

from ..context import current_connection, tenant_services
from ..policy import RECIPIENTS
from ..roles import ADMIN, DEMO, Roles

router = Router()


@router.on_message("broadcast", allow=Roles({ADMIN, DEMO}))
async def broadcast(message: Broadcast, context: Context) -> BroadcastSent:
    """Send to everybody who is connected, the sender included. Workers serve large audiences."""
    return await tenant_services(context).broadcaster.broadcast(
        _compose(context, "everyone", message.data),
        context.moment,
        reply_to=context.event.connection_id,
    )


@router.on_message("direct.send", allow=Roles(RECIPIENTS))
async def send(message: DirectSend, context: Context) -> DirectSent:
    """Send to every connection of one user. `not_found` says that the user has left."""
    services = tenant_services(context)
    services.policy.admit_message(current_principal(context), message.to)
    sent = await services.delivery.send(_compose(context, "you", message.data), message.to, context.moment)
    if not (sent.sent or sent.slow or sent.failed):
        raise NotFoundError
    return sent


def _compose(context: Context, audience: Literal["everyone", "you"], data: JsonValue) -> Message:
    # The request's id tells a copy from a new message.
    sender = Sender(user_id=context.caller.user_id, name=current_connection(context).name or "")
    return Message(
        message_id=context.request_id,
        audience=audience,
        sender=sender,
        data=data,
        sent_at=context.moment.now,
    )
