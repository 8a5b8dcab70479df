"""Who is here."""

from connection_store import ConnectionManager
from resolver import MessageEvent, Router

from ..protocol import People, Person, Who

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
