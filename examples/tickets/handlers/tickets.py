"""Where tickets are kept. A handler asks for `TicketStore`, so that you can replace the memory by a table."""

import secrets
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Ticket:
    """A question to the support."""

    id: str
    user_id: str
    subject: str


class TicketStore(Protocol):
    """Keeps tickets."""

    async def create(self, user_id: str, subject: str) -> Ticket:
        """Store a new ticket, and return it."""


class MemoryTickets:
    """Keeps tickets in this sandbox, for tests and for the first day."""

    def __init__(self) -> None:
        self._tickets: dict[str, Ticket] = {}

    async def create(self, user_id: str, subject: str) -> Ticket:
        """Store a new ticket, and return it."""
        ticket = Ticket(secrets.token_hex(4), user_id, subject)
        self._tickets[ticket.id] = ticket
        return ticket
