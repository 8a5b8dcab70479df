"""Decides whether a handshake is accepted, and for which user."""

from collections.abc import Mapping

from pydantic import SecretStr

from signalbox.resolver import ConnectEvent

from .aws_secrets import secret_source
from .claims import ClaimNames, new_guest
from .credentials import Ticket, Token, read_credential, read_origin
from .errors import DeniedError, Reason
from .keys import Key, KeyCache
from .origins import AllowedOrigins
from .principal import Principal
from .settings import IdentitySettings
from .ticket_format import TICKET_ALGORITHM, TICKET_AUDIENCE
from .tickets import TicketRedeemer
from .tokens import TokenVerifier


class Authority:
    """Accepts tokens, tickets and, with `guests`, connections without credentials.

    Without `tokens` every token is refused, and without `tickets` every ticket. `names` are the names of the
    claims to read.
    """

    def __init__(
        self,
        origins: AllowedOrigins,
        *,
        guests: bool,
        names: ClaimNames,
        tokens: TokenVerifier | None = None,
        tickets: TicketRedeemer | None = None,
    ) -> None:
        self._origins = origins
        self._guests = guests
        self._names = names
        self._tokens = tokens
        self._tickets = tickets

    def admit(self, event: ConnectEvent) -> Principal:
        """Return the user that connects. Raises DeniedError, KeysUnavailableError, StoreError."""
        origin = read_origin(event)
        if origin is not None:  # first, so that a foreign page causes no further work
            self._origins.check(origin, native=False)
        match read_credential(event):
            case Token(text) if self._tokens:
                return self._admit_token(self._tokens, text, origin, event)
            case Ticket(text) if self._tickets:
                return self._admit_ticket(self._tickets, text, origin, event)
            case None if self._guests:
                self._origins.check(origin, native=False)
                return new_guest(event)
            case None:
                raise DeniedError(Reason.NO_CREDENTIALS)
        raise DeniedError(Reason.NOT_ACCEPTED)

    def _admit_token(
        self, tokens: TokenVerifier, text: str, origin: str | None, event: ConnectEvent
    ) -> Principal:
        claims = tokens.verify(text, event.requested_at)
        # A token cannot be marked native: many providers let users edit some of their claims.
        self._origins.check(origin, native=False)
        return self._names.read(claims, tokens.ends(claims))

    def _admit_ticket(
        self, tickets: TicketRedeemer, text: str, origin: str | None, event: ConnectEvent
    ) -> Principal:
        claims = tickets.verify(text, origin, event.requested_at)
        self._origins.check(origin, native=claims.get("native") is True)
        principal = ClaimNames(passed=self._names.passed).read(claims, tickets.ends(claims))
        # Last, so that a ticket refused for another reason can still be used.
        tickets.redeem(claims, event.connection_id, event.requested_at)
        return principal


def build_authority(settings: IdentitySettings) -> Authority:
    """Build the authority from settings (the authorizer's composition root).

    Nothing connects yet. With tickets, the store loads its client now, so that no handshake waits for that.
    """
    return Authority(
        AllowedOrigins(settings.allowed_origins),
        guests=settings.allow_guests,
        names=ClaimNames(settings.roles_claim, settings.tenant_claim, settings.passed_claims),
        tokens=_build_verifier(settings) if settings.issuer else None,
        tickets=_build_redeemer(secret, settings.table_name) if (secret := settings.ticket_secret) else None,
    )


def _build_verifier(settings: IdentitySettings) -> TokenVerifier:
    def published() -> Mapping[str | None, Key]:
        # It loads an HTTP client, for once in five minutes.
        from .jwks import fetch_keys

        return fetch_keys(settings.keys_url, settings.algorithm)

    keys = KeyCache(secret_source(settings.key) if settings.key else published)
    return TokenVerifier(keys, settings.algorithm, settings.audience, settings.issuer, settings.leeway)


def _build_redeemer(secret: SecretStr, table_name: str) -> TicketRedeemer:
    # Only tickets need the store, and with it the event loop and TLS.
    from connection_store import SpentTickets
    from signalbox.resolver import RUNTIME

    store = SpentTickets(table_name)
    store.warm()

    def spend(ticket_id: str, connection_id: str, ends: int, now: int) -> bool:
        return RUNTIME.run(store.spend(ticket_id, connection_id, ends=ends, now=now))

    keys = KeyCache(secret_source(secret))
    return TicketRedeemer(TokenVerifier(keys, TICKET_ALGORITHM, TICKET_AUDIENCE), spend)
