"""Who is here: everywhere, and on a channel."""

from connection_store import ConnectionManager
from signalbox.identity.principal import current_principal
from signalbox.protocol import GetPresence, People, Person, Presence, Who
from signalbox.resolver import Context, MessageEvent, Router

from ..channels.channels import Channels

router = Router()


@router.on_message("who")
async def who(message: Who, event: MessageEvent, connections: ConnectionManager) -> People:
    """List who is connected, a page at a time, in no particular order."""
    page = await connections.page(message.limit, message.cursor, now=event.requested_at)
    return People(
        people=[
            Person(user_id=each.user_id or "", name=each.name or "", connected_at=each.connected_at)
            for each in page.connections
        ],
        cursor=page.cursor,
    )


@router.on_message("presence.get")
async def attendance(message: GetPresence, context: Context, channels: Channels) -> Presence:
    """List who is on a channel, as far as they were heard of."""
    return await channels.attendance(current_principal(context), message, now=context.event.requested_at)
