"""Channels: subscribe, unsubscribe, publish, and read the history."""

from signalbox.identity.principal import current_principal
from signalbox.protocol import (
    GetHistory,
    HistoryPage,
    Publish,
    Published,
    Sender,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from signalbox.resolver import Context, Router

from ..context import current_connection, tenant_services
from ..roles import EVERYONE

router = Router()


@router.on_message("channel.subscribe", allow=EVERYONE)
async def subscribe(message: Subscribe, context: Context) -> Subscribed:
    """Subscribe, and answer with what was missed since the positions the client knows."""
    return await tenant_services(context).channels.subscribe(
        current_connection(context), current_principal(context), message.channels, context.moment
    )


@router.on_message("channel.unsubscribe", allow=EVERYONE)
async def unsubscribe(message: Unsubscribe, context: Context) -> Unsubscribed:
    """End subscriptions. The answer leaves out channels that were not subscribed."""
    return await tenant_services(context).channels.unsubscribe(
        current_connection(context), message.channels, context.moment
    )


@router.on_message("channel.publish", allow=EVERYONE)
async def publish(message: Publish, context: Context) -> Published:
    """Publish. The answer says that the publication is stored, where the channel has a history (G1)."""
    publications = tenant_services(context).publications
    connection, moment = current_connection(context), context.moment
    await publications.check_writer(connection, current_principal(context), message.channel, now=moment.now)
    user_id = context.caller.user_id
    return await publications.publish(
        message.channel,
        Sender(user_id=user_id, name=connection.name or ""),
        message.data,
        publisher=f"user:{user_id}",
        key=message.key,
        broadcast_id=context.request_id,
        moment=moment,
    )


@router.on_message("channel.history", allow=EVERYONE, reads=True)
async def history(message: GetHistory, context: Context) -> HistoryPage:
    """Answer with a page of publications."""
    reader = tenant_services(context).reader
    return await reader.history(current_principal(context), message, now=context.moment.now)
