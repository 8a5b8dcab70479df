"""The authorizer's composition root: settings in, an authority out."""

from functools import partial

from pydantic import SecretStr

from connection_store import SpentTickets
from signalbox.resolver import RUNTIME

from .authority import Authority
from .aws_secrets import keep
from .claims import ClaimNames
from .jwks import fetch_keys
from .keys import Keyring
from .origins import Origins
from .settings import IdentitySettings
from .terms import ALGORITHM, AUDIENCE
from .tickets import TicketOffice
from .tokens import Verifier


def build_authority(settings: IdentitySettings) -> Authority:
    """What these settings say. The store is warmed where it will be needed, and nothing connects."""
    return Authority(
        Origins(settings.allowed_origins),
        guests=settings.allow_guests,
        names=ClaimNames(settings.roles_claim, settings.tenant_claim, settings.passed_claims),
        tokens=_build_verifier(settings) if settings.issuer else None,
        tickets=_build_office(secret, settings.table_name) if (secret := settings.ticket_secret) else None,
    )


def _build_verifier(settings: IdentitySettings) -> Verifier:
    publication = partial(fetch_keys, settings.keys_url, settings.algorithm)
    fetch = keep(settings.key) if settings.key else publication
    return Verifier(Keyring(fetch), settings.algorithm, settings.audience, settings.issuer, settings.leeway)


def _build_office(secret: SecretStr, table_name: str) -> TicketOffice:
    store = SpentTickets(table_name)
    store.warm()

    def spend(ticket_id: str, connection_id: str, ends: int, now: int) -> bool:
        return RUNTIME.run(store.spend(ticket_id, connection_id, ends=ends, now=now))

    return TicketOffice(Verifier(Keyring(keep(secret)), ALGORITHM, AUDIENCE), spend)
