"""Staying longer than the credentials shown at the handshake allow."""

from resolver import Context, Router

from ..identity.principal import current_principal
from ..logins import Logins
from ..middleware import current_connection
from ..protocol import Refresh, Refreshed

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
