"""The ticket queue: a user opens a ticket, and the support team sees it."""

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel

from signalbox import USERS, Attributes, Caller, ConnectEvent, Context, ForbiddenError, Publisher, Router
from signalbox.resolver import Next

from ..tickets import TicketStore

BANNED = {"spammer"}
THANKS = {"en": "We have your ticket", "de": "Ihr Ticket ist bei uns"}

router = Router()


class Client(Attributes):
    """Data kept with each connection."""

    locale: str = "en"


class OpenTicket(BaseModel):
    """Opens a ticket."""

    subject: str


@router.middleware
async def refuse_banned(context: Context, call_next: Next) -> Any:
    """Refuse banned users. It wraps the handlers of this file."""
    if context.caller.user_id in BANNED:
        raise ForbiddenError("banned")
    return await call_next(context)


@router.on_connect()
async def keep_locale(event: ConnectEvent) -> Client:
    """Keep the language of the browser."""
    return Client(locale=event.headers.get("accept-language", "en")[:2])


@router.on_message("ticket.open", allow=USERS)
async def open_ticket(
    message: OpenTicket, caller: Caller, client: Client, publisher: Publisher, tickets: TicketStore
) -> dict[str, Any]:
    """Store the ticket, show it to the support team, and thank the user on every device."""
    ticket = await tickets.create(caller.user_id, message.subject)
    await publisher.publish("queue:support", asdict(ticket), key=ticket.id)
    await publisher.send(caller.user_id, THANKS.get(client.locale, THANKS["en"]))
    return {"type": "ticket.opened", "id": ticket.id}
