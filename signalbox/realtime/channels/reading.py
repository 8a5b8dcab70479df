"""Reading a channel without a subscription: history, and how far it has gone on."""

from collections.abc import Mapping

from connection_store import History
from signalbox import protocol
from signalbox.identity.principal import Principal
from signalbox.protocol import StreamPosition
from signalbox.resolver import ForbiddenError

from ..errors import UnknownChannelError
from ..policy import Policy
from .content import fit, to_position, to_wire_position


class ChannelReader:
    """Reads histories. Everything raises StoreError."""

    def __init__(self, history: History, policy: Policy) -> None:
        self._history = history
        self._policy = policy

    async def history(
        self, principal: Principal, request: protocol.GetHistory, *, now: int
    ) -> protocol.HistoryPage:
        """Return a page of publications, as many as are asked for and fit into a frame.

        Raises HistoryGoneError, UnknownChannelError, ForbiddenError.
        """
        namespace = self._policy.admit_to(principal, "history", request.channel)
        channel = namespace.channel(request.channel)
        if not channel.history_size:
            return protocol.HistoryPage(channel=channel.name, position=None, publications=[], more=False)
        page = await self._history.page(
            channel,
            since=to_position(request.since),
            until=to_position(request.until),
            limit=request.limit,
            reverse=request.reverse,
            now=now,
        )
        entries = fit(page.publications)
        return protocol.HistoryPage(
            channel=channel.name,
            position=to_wire_position(page.head.position) if page.head else None,
            publications=entries,
            more=page.more or len(entries) < len(page.publications),
        )

    async def behind(
        self, principal: Principal, positions: Mapping[str, StreamPosition], *, now: int
    ) -> dict[str, StreamPosition]:
        """Return the present positions of those channels that have gone on since `positions`.

        Channels that the caller may not subscribe to are left out, and channels without positioning. A client
        that lost one channel still hears of the others.
        """
        names = [name for name in positions if self._is_followed(principal, name)]
        heads = await self._history.heads(names, now=now) if names else {}
        return {
            name: to_wire_position(head.position)
            for name, head in heads.items()
            if head.epoch != positions[name].epoch or head.offset > positions[name].offset
        }

    def _is_followed(self, principal: Principal, channel: str) -> bool:
        try:
            return self._policy.admit_to(principal, "subscribe", channel).positioning
        except (ForbiddenError, UnknownChannelError):
            return False
