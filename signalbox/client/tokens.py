"""``signalbox token``: tokens and tickets for development, signed with a shared secret.

Both are JWTs signed with HS256 (RFC 7515, RFC 7519); docs/authentication.md lists their claims.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from typing import Any

_DESCRIPTION = """\
Prints a token or a ticket. The secrets come from the environment, so that no shell history keeps them.
For tokens set JWT_KEY, and JWT_ISSUER and JWT_AUDIENCE if they are not "local". For tickets set
TICKET_SECRET."""


def mint_token(
    secret: str, *, user: str, issuer: str, audience: str, seconds: int = 3600, **claims: Any
) -> str:
    """Return a token like an identity provider's, valid for ``seconds`` from now."""
    issued = {"iat": _now(), **claims, "exp": _now() + seconds}
    return _sign({**issued, "iss": issuer, "aud": audience, "sub": user}, secret)


def mint_ticket(
    secret: str, *, user: str, origin: str | None = None, seconds: int = 30, **claims: Any
) -> str:
    """Return a single-use ticket for a page of ``origin``, or without it for a native client.

    It is valid for at most 60 seconds.
    """
    bound = {"native": True} if origin is None else {"origin": origin}
    identifier = secrets.token_urlsafe(16)
    return _sign(
        {
            **claims,
            **bound,
            "aud": "ticket",
            "sub": user,
            "jti": identifier,
            "iat": _now(),
            "exp": _now() + seconds,
        },
        secret,
    )


def main(arguments: list[str]) -> int:
    """Print a token or a ticket. Exits with status 2 for a wrong command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    variable = "TICKET_SECRET" if options.ticket else "JWT_KEY"
    if not (secret := os.environ.get(variable)):
        parser.error(f"set {variable} to what the authorizer has; signalbox dev --authorizer prints one")
    tenant = {"tenant": options.tenant} if options.tenant else {}
    claims: dict[str, Any] = {"roles": options.roles, **tenant}
    if options.ticket:
        seconds = min(options.seconds, 60)
        print(mint_ticket(secret, user=options.user, origin=options.origin, seconds=seconds, **claims))
        return 0
    issuer, audience = (os.environ.get(name, "local") for name in ("JWT_ISSUER", "JWT_AUDIENCE"))
    issued = {"issuer": issuer, "audience": audience, "seconds": options.seconds}
    print(mint_token(secret, user=options.user, **issued, **claims))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="signalbox token",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--user", default="ann", help="user id (ann)")
    parser.add_argument("--roles", type=str.split, default=[], help="roles, separated by spaces")
    parser.add_argument("--tenant", help="tenant of the user")
    parser.add_argument("--ticket", action="store_true", help="a single-use ticket instead of a token")
    parser.add_argument("--origin", help="page of the ticket; without it, a ticket for native clients")
    parser.add_argument(
        "--seconds", type=int, default=3600, help="validity in seconds (3600); a ticket has 60 at most"
    )
    return parser


def _sign(claims: dict[str, Any], secret: str) -> str:
    signed = f"{_encode(_json({'alg': 'HS256', 'typ': 'JWT'}))}.{_encode(_json(claims))}"
    return f"{signed}.{_encode(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _now() -> int:
    return int(time.time())
