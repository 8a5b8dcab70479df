"""Sessions: stay longer than the credentials of the handshake allow."""

from signalbox.identity.principal import current_principal
from signalbox.protocol import Refresh, Refreshed
from signalbox.resolver import Context, Router

from ..context import current_connection, tenant_services
from ..roles import EVERYONE

router = Router()


@router.on_message("auth.refresh", allow=EVERYONE)
async def refresh(message: Refresh, context: Context) -> Refreshed:
    """Extend the session to the end that a new ticket of the same user names."""
    return await tenant_services(context).logins.refresh(
        current_connection(context),
        current_principal(context),
        message.ticket.get_secret_value(),
        context.moment,
    )
