"""Handshakes as API Gateway shows them to the authorizer, and the keys of an identity provider."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from io import StringIO
from logging import StreamHandler
from typing import Any, Literal

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from signalbox.identity.authority import Authority
from signalbox.identity.claims import ClaimNames
from signalbox.identity.decision import decide
from signalbox.identity.errors import RefusalError
from signalbox.identity.keys import KeyCache
from signalbox.identity.origins import AllowedOrigins
from signalbox.identity.ticket_format import TICKET_ALGORITHM, TICKET_AUDIENCE
from signalbox.identity.tickets import TicketRedeemer
from signalbox.identity.tokens import TokenVerifier
from signalbox.observability import logger

NOW = 1_767_225_600_000
SECONDS = NOW // 1000
ARN = "arn:aws:execute-api:us-east-1:000000000000:signalbox0/prod/$connect"
PAGE = "https://app.example.com"
SECRET = "0123456789abcdef0123456789abcdef"
TICKET_SECRET = "fedcba9876543210fedcba9876543210"
ISSUER = "https://id.example.com/"
CLAIMS = {"iss": ISSUER, "aud": "chat", "sub": "ann", "exp": SECONDS + 600}

Algorithm = Literal["HS256", "RS256", "ES256"]


@cache
def private_key(algorithm: Algorithm, name: str) -> Any:
    """A provider's signing key; another for every name."""
    if algorithm == "HS256":
        return SECRET
    if algorithm == "RS256":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def public_pem(algorithm: Algorithm, name: str = "first") -> str:
    """What verifies its signatures, as settings hold it."""
    if algorithm == "HS256":
        return SECRET
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = private_key(algorithm, name).public_key()
    pem: bytes = public.public_bytes(serialization.Encoding.PEM, form)
    return pem.decode()


def jwk(algorithm: Algorithm, name: str = "first") -> dict[str, Any]:
    """The same, as a provider publishes it."""
    kind = jwt.algorithms.RSAAlgorithm if algorithm == "RS256" else jwt.algorithms.ECAlgorithm
    public = kind.to_jwk(private_key(algorithm, name).public_key(), as_dict=True)
    return {**public, "kid": name, "use": "sig", "alg": algorithm}


def sign(algorithm: Algorithm = "HS256", /, key: Any = None, kid: str | None = None, **claims: Any) -> str:
    """A token of the provider; a claim that is None is left out."""
    payload = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    headers = {"kid": kid} if kid else None
    return jwt.encode(payload, key or private_key(algorithm, kid or "first"), algorithm, headers=headers)


def question(
    query: Mapping[str, str | list[str]] | None = None,
    headers: Mapping[str, str | list[str]] | None = None,
    *,
    origin: str | None = PAGE,
    connection_id: str = "c=",
    now: int = NOW,
) -> dict[str, Any]:
    """An authorizer's event (W84); a list is what was sent more than once."""
    several_query = {name: _listed(value) for name, value in (query or {}).items()}
    several = {name: _listed(value) for name, value in (headers or {}).items()}
    if origin is not None:
        several["Origin"] = [origin]
    return {
        "type": "REQUEST",
        "methodArn": ARN,
        "headers": {name: values[-1] for name, values in several.items()},
        "multiValueHeaders": several,
        "queryStringParameters": {name: values[-1] for name, values in several_query.items()},
        "multiValueQueryStringParameters": several_query,
        "stageVariables": {},
        "requestContext": {
            "routeKey": "$connect",
            "eventType": "CONNECT",
            "messageDirection": "IN",
            "stage": "prod",
            "connectedAt": now,
            "requestTimeEpoch": now,
            "identity": {"sourceIp": "192.0.2.1"},
            "requestId": "request",
            "extendedRequestId": "request",
            "domainName": "signalbox0.execute-api.us-east-1.amazonaws.com",
            "connectionId": connection_id,
            "apiId": "signalbox0",
        },
    }


class Handshakes:
    """An authorizer without its Lambda. It takes tokens, tickets and, if told so, guests."""

    def __init__(
        self,
        algorithm: Algorithm = "HS256",
        *,
        guests: bool = False,
        origins: tuple[str, ...] = (PAGE,),
        names: ClaimNames | None = None,
        key_cache: KeyCache | None = None,
    ) -> None:
        self.spent: dict[str, str] = {}
        ticket_keys = KeyCache(lambda: {None: TICKET_SECRET})
        self.authority = Authority(
            AllowedOrigins(origins),
            guests=guests,
            names=names or ClaimNames(),
            tokens=TokenVerifier(
                key_cache or KeyCache(lambda: {None: public_pem(algorithm)}),
                algorithm,
                audience="chat",
                issuer=ISSUER,
                leeway=30,
            ),
            tickets=TicketRedeemer(
                TokenVerifier(ticket_keys, TICKET_ALGORITHM, TICKET_AUDIENCE), self._spend
            ),
        )

    def ask(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """What the authorizer answers to a handshake."""
        return decide(self.authority, question(*arguments, **options))

    def _spend(self, ticket_id: str, connection_id: str, ends: int, now: int) -> bool:
        return self.spent.setdefault(ticket_id, connection_id) == connection_id

    def outcome(self, *arguments: Any, **options: Any) -> str:
        """What the log says became of a handshake, and the client saw of it: "401 expired", "200 ok"."""
        with listening() as log:
            try:
                answer = self.ask(*arguments, **options)
            except RefusalError as refusal:
                status = {"Unauthorized": 401}.get(str(refusal), 500)
            else:
                status = 200 if answer["policyDocument"]["Statement"][0]["Effect"] == "Allow" else 403
        return f"{status} {lines(log)[-1].get('outcome', 'failure')}"


@contextmanager
def listening() -> Iterator[StringIO]:
    """Receives what is logged; the logger otherwise holds on to the standard output of its making."""
    handler = logger.registered_handler
    assert isinstance(handler, StreamHandler)
    previous = handler.setStream(written := StringIO())
    try:
        yield written
    finally:
        handler.setStream(previous)


def lines(log: StringIO) -> list[dict[str, Any]]:
    """The lines of a log."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
