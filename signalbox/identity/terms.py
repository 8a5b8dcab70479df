"""What a ticket is: a JWT for this audience, signed by this algorithm, for a short time."""

AUDIENCE = "ticket"
"""Whom a ticket is for: no token of an identity provider is ever taken for one, nor the other way round."""

ALGORITHM = "HS256"

LONGEST_LIFE = 60
"""Seconds."""
