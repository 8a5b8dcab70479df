"""S04: tokens, tickets and secrets are in no log, and in nothing that might be printed."""

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from signalbox.client.tokens import mint_token
from signalbox.dev.identity import Identity
from signalbox.gateway import Config, LocalGateway
from signalbox.identity.credentials import Ticket, Token
from signalbox.identity.minting import mint_ticket
from tests.canary import CANARY
from tests.framework.identity.handshakes import NOW, TICKET_SECRET, Handshakes, listening, sign
from tests.security.conftest import PAGE


def test_s04_text_is_hidden_when_a_credential_is_shown() -> None:
    for credential in (Token(CANARY), Ticket(CANARY)):
        assert CANARY not in f"{credential} {credential!r} {[credential]}"
    assert CANARY not in repr(Config(environment={"TICKET_SECRET": CANARY}))


def test_s04_nothing_of_a_token_is_logged_when_it_is_judged() -> None:
    tickets = [
        mint_ticket(TICKET_SECRET, "ann", now=NOW, origin=origin)
        for origin in ("https://app.example.com", None)
    ]
    tokens = [
        sign(),
        sign(email=CANARY),
        sign(sub=CANARY * 20),
        sign(aud=CANARY),
        sign(iss=CANARY),
        sign(nbf=CANARY),
        sign(kid=CANARY),
        sign(key=CANARY * 4),
        sign() + CANARY,
        CANARY,
    ]
    with listening() as log:
        for handshakes in (Handshakes(), Handshakes("RS256"), Handshakes(guests=True)):
            for query in [{"token": token} for token in tokens] + [{"ticket": ticket} for ticket in tickets]:
                handshakes.outcome(query)
                handshakes.outcome(query, origin=None)
                handshakes.outcome(None, {"Authorization": f"Bearer {query.get('token')}", "Cookie": CANARY})

    said = log.getvalue()
    assert CANARY not in said
    assert not [part for text in tokens + tickets for part in text.split(".") if part in said]


async def test_s04_nothing_of_a_token_is_printed_when_the_whole_runs(
    gateway: LocalGateway,
    identity: Identity,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", logger="signalbox.gateway")
    key, url = identity.variables["JWT_KEY"], gateway.websocket_url
    good, ticket = identity.token("ann", email=CANARY), identity.ticket("ann", PAGE)
    bad = mint_token(key, user="ann", issuer=CANARY, audience="local")
    protocols = [Subprotocol("realtime.v1"), Subprotocol(f"bearer.{good}")]

    async with asyncio.timeout(60):
        async with connect(f"{url}?token={good}", origin=Origin(PAGE), open_timeout=60) as client:
            await client.send(json.dumps({"action": "whoami"}))
            await client.recv()
        async with connect(f"{url}?ticket={ticket}", origin=Origin(PAGE)):
            pass
        async with connect(url, origin=Origin(PAGE), subprotocols=protocols):
            pass
        for address in (f"{url}?token={bad}", f"{url}?ticket={ticket}", f"{url}?token={CANARY}"):
            with pytest.raises(InvalidStatus):
                await connect(address, origin=Origin(PAGE))

    output, errors = capfd.readouterr()
    said = output + errors + caplog.text
    assert '"outcome":"wrong_issuer"' in said
    assert '"outcome":"spent"' in said
    secrets = (good, bad, ticket, CANARY, key, identity.variables["TICKET_SECRET"])
    assert not [part for text in secrets for part in text.split(".") if part in said]
