"""The format of a ticket: a JWT with this audience and this algorithm, valid for a short time.

A module of its own, so that a backend that mints tickets loads nothing but PyJWT.
"""

TICKET_AUDIENCE = "ticket"
"""The `aud` of a ticket. It keeps tickets and the identity provider's tokens apart."""

TICKET_ALGORITHM = "HS256"

MAX_TICKET_LIFETIME = 60
"""Seconds."""
