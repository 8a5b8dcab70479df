"""Decides who may connect."""

from signalbox.resolver import ConnectEvent

from .claims import ClaimNames, new_guest
from .errors import DeniedError, Reason
from .handshake import Ticket, Token, read_credential, read_origin
from .origins import Origins
from .principal import Principal
from .tickets import TicketOffice
from .tokens import Verifier


class Authority:
    """Lets in who brings a token or a ticket, and who brings nothing, where `guests` are welcome.

    Without `tokens` or `tickets` none of them is accepted. `names` is where tokens say what.
    """

    def __init__(
        self,
        origins: Origins,
        *,
        guests: bool,
        names: ClaimNames,
        tokens: Verifier | None = None,
        tickets: TicketOffice | None = None,
    ) -> None:
        self._origins = origins
        self._guests = guests
        self._names = names
        self._tokens = tokens
        self._tickets = tickets

    def admit(self, event: ConnectEvent) -> Principal:
        """Who connects. Raises DeniedError, KeysUnavailableError, StoreError."""
        origin = read_origin(event)
        if origin is not None:  # before any work is done for the page that sent it
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

    def _admit_token(self, tokens: Verifier, text: str, origin: str | None, event: ConnectEvent) -> Principal:
        claims = tokens.verify(text, event.requested_at)
        # Only a ticket can say that it is for no page: many providers let users edit claims of theirs.
        self._origins.check(origin, native=False)
        return self._names.read(claims, tokens.ends(claims))

    def _admit_ticket(
        self, tickets: TicketOffice, text: str, origin: str | None, event: ConnectEvent
    ) -> Principal:
        claims = tickets.verify(text, origin, event.requested_at)
        self._origins.check(origin, native=claims.get("native") is True)
        principal = ClaimNames(passed=self._names.passed).read(claims, tickets.ends(claims))
        # Last: a ticket that is refused for anything else is not used up by it.
        tickets.spend(claims, event.connection_id, event.requested_at)
        return principal
