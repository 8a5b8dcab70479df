"""The subscribers of a channel, by user."""

from connection_store import Presence
from signalbox import protocol
from signalbox.identity.principal import Principal

from ..policy import Policy


class PresenceReader:
    """Lists the subscribers of channels."""

    def __init__(self, presence: Presence, policy: Policy) -> None:
        self._presence = presence
        self._policy = policy

    async def list(
        self, principal: Principal, request: protocol.GetPresence, *, now: int
    ) -> protocol.Presence:
        """Return a channel's subscribers. Raises StoreError, UnknownChannelError, ForbiddenError."""
        self._policy.admit_to(principal, "presence", request.channel)
        found = await self._presence.get(request.channel, cap=request.limit, now=now)
        users = [
            protocol.PresentUser(
                user_id=user.user_id,
                connections=[
                    protocol.PresentConnection(name=each.name or "", connected_at=each.connected_at)
                    for each in user.connections
                ],
            )
            for user in found.users
        ]
        return protocol.Presence(channel=request.channel, users=users, count=found.count)
