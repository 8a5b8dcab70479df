"""Presence: who is connected, and who is on a channel."""

from signalbox.identity.principal import current_principal
from signalbox.protocol import GetPresence, People, Person, Presence, Who
from signalbox.resolver import Context, Router

from ..context import tenant_services
from ..roles import ADMIN, DEMO, EVERYONE, Roles

router = Router()


@router.on_message("who", allow=Roles({ADMIN, DEMO}), reads=True)
async def who(message: Who, context: Context) -> People:
    """List the connected users, a page at a time, in no particular order."""
    connections = tenant_services(context).connections
    page = await connections.page(message.limit, message.cursor, now=context.moment.now)
    return People(
        people=[
            Person(user_id=each.user_id or "", name=each.name or "", connected_at=each.connected_at)
            for each in page.connections
        ],
        cursor=page.cursor,
    )


@router.on_message("presence.get", allow=EVERYONE, reads=True)
async def presence(message: GetPresence, context: Context) -> Presence:
    """List the subscribers of a channel, as far as they were heard of."""
    reader = tenant_services(context).presence
    return await reader.list(current_principal(context), message, now=context.moment.now)
