"""Logins: a session is extended with a new ticket, and ended by a logout.

A refresh takes tickets and no tokens. Only the authorizer has the cryptography for tokens, and it is asked at
handshakes alone. A client that has only tokens connects anew.
"""

import asyncio
from dataclasses import replace

from connection_store import Connection, ConnectionManager, Lifetimes, SpentTickets
from connection_store.models import write_roles
from signalbox.identity.claims import ClaimNames, Claims, read_instant
from signalbox.identity.errors import DeniedError, KeysUnavailableError, Reason
from signalbox.identity.principal import Principal
from signalbox.identity.tickets import Tickets
from signalbox.moment import Moment
from signalbox.observability import count, logger
from signalbox.protocol import Refreshed
from signalbox.resolver import UnauthorizedError, UnavailableError

from .endings import Endings
from .role_changes import RoleChanges


class Logins:
    """Refreshes sessions and logs users out. Without `tickets` none is accepted.

    Everything raises StoreError.
    """

    def __init__(
        self,
        connections: ConnectionManager,
        lifetimes: Lifetimes,
        endings: Endings,
        role_changes: RoleChanges,
        tickets: Tickets | None,
        spent: SpentTickets,
    ) -> None:
        self._connections = connections
        self._lifetimes = lifetimes
        self._endings = endings
        self._role_changes = role_changes
        self._tickets = tickets
        self._spent = spent

    async def refresh(
        self,
        connection: Connection,
        principal: Principal,
        ticket: str,
        moment: Moment,
    ) -> Refreshed:
        """Let a connection stay as long as a new ticket of its user says, with the roles that are in it.

        The ticket is used up, for this connection: sent again by it, it does the same again. Its origin is
        not checked, because the connection's was. Raises UnauthorizedError, UnavailableError,
        ConnectionGoneError.
        """
        try:
            claims, renewed = await self._redeem(connection, principal, ticket, moment.now)
            # Of one that died in between, the row may have the new roles and the channels not know of them.
            moved = renewed.roles != principal.roles or connection.roles is not None
            if moved and "roles" in claims:
                connection = await self._change_roles(connection, renewed.roles, moment.now)
                await self._role_changes.review(connection, renewed, moment)
        except DeniedError as denied:
            logger.warning("refresh", extra={"user_id": principal.user_id, "outcome": str(denied.reason)})
            raise UnauthorizedError from None
        except KeysUnavailableError:
            raise UnavailableError from None
        extended = await self._lifetimes.extend(connection, renewed.session_ends, now=moment.now)
        count("Refreshed")
        return Refreshed(expires_at=extended.expires_at)

    async def close_user(self, user_id: str, moment: Moment) -> int:
        """End every connection of a user, and let nobody in with what was issued until now.

        They are told, and closed, before others are told that they left. Returns how many there were.
        Repeat a call that failed: the sweep finishes only what was ended. Safe to repeat.
        """
        ended, failure = await self._lifetimes.close_user(user_id, now=moment.now)
        await self._endings.close(ended, "logged_out", moment)
        if failure is not None:
            raise failure
        return len(ended)

    async def _change_roles(self, connection: Connection, roles: frozenset[str], now: int) -> Connection:
        try:
            await self._connections.change_roles(connection.connection_id, roles, now=now)
        except ValueError:
            raise DeniedError(Reason.TOO_LARGE) from None
        return replace(connection, roles=roles)

    async def _redeem(
        self, connection: Connection, principal: Principal, ticket: str, now: int
    ) -> tuple[Claims, Principal]:
        if self._tickets is None:
            raise DeniedError(Reason.NOT_ACCEPTED)
        # In a thread: its key may have to be fetched, by a client that blocks.
        claims = await asyncio.to_thread(self._tickets.read, ticket, now)
        renewed = ClaimNames().read(claims, self._tickets.ends(claims))
        if (renewed.user_id, renewed.tenant) != (principal.user_id, principal.tenant):
            raise DeniedError(Reason.OTHER_SUBJECT)
        if renewed.roles != principal.roles:
            _check_roles(renewed)
        issued_at = now if renewed.issued_at is None else renewed.issued_at
        # A logout after this look ends the connection, and with it what is done here.
        if issued_at <= await self._lifetimes.revoked_before(renewed.user_id, now=now):
            raise DeniedError(Reason.LOGGED_OUT)
        ends = read_instant(claims["exp"])
        # Last: a ticket that is refused for anything else is not used up by it.
        if not await self._spent.spend(claims["jti"], connection.connection_id, ends=ends, now=now):
            raise DeniedError(Reason.SPENT)
        return claims, renewed


def _check_roles(renewed: Principal) -> None:
    try:
        write_roles(renewed.roles)
    except ValueError:
        raise DeniedError(Reason.TOO_LARGE) from None
