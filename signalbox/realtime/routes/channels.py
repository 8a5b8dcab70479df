"""Channels: subscribing, publishing, and what was said before."""

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

from ..channels.channels import Channels
from ..channels.publications import Publications
from ..middleware import current_connection

router = Router()


@router.on_message("channel.subscribe")
async def subscribe(message: Subscribe, context: Context, channels: Channels) -> Subscribed:
    """Subscribe, and answer with what was missed since the positions the client knows."""
    return await channels.subscribe(
        current_connection(context),
        current_principal(context),
        message.channels,
        now=context.event.requested_at,
        time_left=context.time_left,
    )


@router.on_message("channel.unsubscribe")
async def unsubscribe(message: Unsubscribe, context: Context, channels: Channels) -> Unsubscribed:
    """End subscriptions; those there are not are left out of the answer."""
    return await channels.unsubscribe(
        current_connection(context),
        message.channels,
        now=context.event.requested_at,
        time_left=context.time_left,
    )


@router.on_message("channel.publish")
async def publish(message: Publish, context: Context, publications: Publications) -> Published:
    """Publish; the answer says that it is stored, where the channel has a history (G1)."""
    connection, now = current_connection(context), context.event.requested_at
    await publications.check_writer(connection, current_principal(context), message.channel, now=now)
    user_id = context.caller.user_id
    return await publications.publish(
        message.channel,
        Sender(user_id=user_id, name=connection.name or ""),
        message.data,
        publisher=f"user:{user_id}",
        key=message.key,
        broadcast_id=context.request_id,
        now=now,
        time_left=context.time_left,
    )


@router.on_message("channel.history")
async def history(message: GetHistory, context: Context, channels: Channels) -> HistoryPage:
    """Answer with a page of what was published."""
    return await channels.history(current_principal(context), message, now=context.event.requested_at)
