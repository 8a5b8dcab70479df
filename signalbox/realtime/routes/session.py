"""Staying longer than the credentials shown at the handshake allow."""

from signalbox.identity.principal import current_principal
from signalbox.protocol import Refresh, Refreshed
from signalbox.resolver import Context, Router

from ..middleware import current_connection
from ..sessions.logins import Logins

router = Router()


@router.on_message("auth.refresh")
async def refresh(message: Refresh, context: Context, logins: Logins) -> Refreshed:
    """Extend the session to what a new ticket of the same user says."""
    return await logins.refresh(
        current_connection(context),
        current_principal(context),
        message.ticket.get_secret_value(),
        now=context.event.requested_at,
        time_left=context.time_left,
    )
