"""Publishing on a channel: stored first, then sent."""

from typing import Literal

from pydantic import JsonValue

from connection_store import Appended, Channel, Connection, History, HistoryGoneError, Subscriptions
from signalbox.identity.principal import Principal
from signalbox.moment import Moment
from signalbox.protocol import Published, Sender
from signalbox.protocol.encoding import encode
from signalbox.publisher import FrameTooLargeError
from signalbox.resolver import ForbiddenError

from ..delivery.channel import ChannelDelivery
from ..delivery.delivery import check_depth
from ..namespaces import Namespaces, find_namespace
from ..policy import Policy
from .content import LARGEST, Content, to_wire_position


class Publications:
    """Publishes on channels. Everything raises StoreError and UnknownChannelError."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        history: History,
        delivery: ChannelDelivery,
        namespaces: Namespaces,
        policy: Policy,
    ) -> None:
        self._subscriptions = subscriptions
        self._history = history
        self._delivery = delivery
        self._namespaces = namespaces
        self._policy = policy

    async def check_writer(
        self, connection: Connection, principal: Principal, channel: str, *, now: int
    ) -> None:
        """Raise ForbiddenError when `principal`, over this connection, may not publish on a channel."""
        namespace = self._policy.admit_to(principal, "publish", channel)
        if namespace.publish_from_outside:
            return
        if not await self._subscriptions.subscription(connection.connection_id, channel, now=now):
            raise ForbiddenError(details={"channel": channel})

    async def publish(
        self,
        name: str,
        sender: Sender,
        data: JsonValue,
        *,
        publisher: str,
        key: str | None,
        broadcast_id: str,
        moment: Moment,
    ) -> Published:
        """Store a publication, then send it to the subscribers, or queue it.

        `key` is an idempotency key: the same key of the same `publisher` is stored once. A repetition sends
        what was stored first, in case that was not done (F13), and subscribers drop what they have.
        `broadcast_id` is another one each time. Raises FrameTooLargeError and NestedDeliveryError before
        anything is stored, TransactionConflictError, and QueueError when it is stored and perhaps not sent.
        """
        check_depth()
        channel = find_namespace(name, self._namespaces).channel(name)
        content = Content(sender=sender, data=data)
        text = content.model_dump_json()
        if len(text.encode()) > LARGEST:
            raise FrameTooLargeError(f"over {LARGEST} bytes")

        async def send(content: Content, ack: Appended | None, shards: int) -> Literal["inline", "queued"]:
            position, sent_at = (ack.position, ack.published_at) if ack else (None, moment.now)
            frame = encode(content.to_frame(name, position, sent_at))
            return await self._delivery.send(channel, shards, frame, broadcast_id, moment)

        delivery: Literal["inline", "queued"] = "inline"
        if not channel.history_size:
            if head := await self._history.head(name, now=moment.now):  # else nobody ever subscribed
                delivery = await send(content, None, head.shards)
            return Published(channel=name, position=None, delivery=delivery)
        ack = await self._history.append(channel, text, publisher=publisher, key=key, now=moment.now)
        stored = content if ack.new else await self._reread(channel, ack, moment.now)
        if stored:
            delivery = await send(stored, ack, ack.shards)
        return Published(channel=name, position=to_wire_position(ack.position), delivery=delivery)

    async def _reread(self, channel: Channel, ack: Appended, now: int) -> Content | None:
        before = ack.position._replace(offset=ack.position.offset - 1)
        try:
            page = await self._history.page(channel, since=before, limit=1, now=now)
        except HistoryGoneError:
            return None
        found = [each for each in page.publications if each.position == ack.position]
        return Content.model_validate_json(found[0].data) if found else None
