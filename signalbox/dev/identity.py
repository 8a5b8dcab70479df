"""Identities for a local run with an authorizer."""

import secrets
from collections.abc import Mapping
from typing import Any

from signalbox.client.tokens import mint_ticket, mint_token
from signalbox.identity.settings import IdentitySettings


class Identity:
    """The authorizer's `variables`: those given and, for what is missing, secrets of this run alone."""

    def __init__(self, given: Mapping[str, str]) -> None:
        known = {str(field.validation_alias) for field in IdentitySettings.model_fields.values()}
        own_issuer = {
            "JWT_ISSUER": "local",
            "JWT_AUDIENCE": "local",
            "JWT_ALGORITHM": "HS256",
            "JWT_KEY": secrets.token_urlsafe(32),
        }
        self.variables = {
            "ALLOWED_ORIGINS": "*",
            "TICKET_SECRET": secrets.token_urlsafe(32),
            **({} if "JWT_ISSUER" in given else own_issuer),
            **{name: value for name, value in given.items() if name in known},
            "LOCAL_RUN": "true",
        }

    def ticket(self, user: str, origin: str | None = None) -> str:
        """A single-use ticket, for a client that is no page unless there is an origin."""
        return mint_ticket(self.variables["TICKET_SECRET"], user=user, origin=origin)

    def token(self, user: str, **claims: Any) -> str:
        """A token, good for an hour unless `seconds` says otherwise, where this run is the issuer."""
        key, issuer, audience = (self.variables[f"JWT_{name}"] for name in ("KEY", "ISSUER", "AUDIENCE"))
        return mint_token(key, user=user, issuer=issuer, audience=audience, **claims)

    def invite(self, websocket_url: str) -> str:
        """How to connect as somebody, for a reader at a terminal."""
        named = self.variables
        if named.get("JWT_ALGORITHM") != "HS256":
            return f"  tokens         those of {named['JWT_ISSUER']}\n"
        return f"""\
  as user ann    {websocket_url}?token={self.token("ann")}
  more tokens    JWT_KEY={named["JWT_KEY"]} .venv/bin/signalbox token --user NAME
  tickets        TICKET_SECRET={named["TICKET_SECRET"]} .venv/bin/signalbox token --ticket
"""
