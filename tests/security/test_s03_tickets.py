"""S03: a ticket is good once, within a minute, for one user at one origin."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from signalbox.client.tokens import mint_ticket as mint_for_development
from signalbox.identity.minting import mint_ticket
from tests.conftest import ROOT
from tests.framework.identity.handshakes import (
    CLAIMS,
    NOW,
    PAGE,
    SECONDS,
    SECRET,
    TICKET_SECRET,
    Handshakes,
    sign,
)
from tests.security.bit_flips import flipped


def mint(now: int = NOW, origin: str | None = PAGE, **options: Any) -> str:
    return mint_ticket(TICKET_SECRET, "ann", now=now, origin=origin, **options)


def forge(key: str = TICKET_SECRET, **claims: Any) -> str:
    """A ticket as `mint_ticket` would never write it."""
    payload = {"aud": "ticket", "sub": "ann", "jti": "x" * 22, "exp": SECONDS + 30, "origin": PAGE}
    return jwt.encode({**payload, **claims}, key, "HS256")


def test_s03_ticket_carries_its_user_when_it_is_used() -> None:
    ticket = mint(roles=["admin"], tenant="acme", session_ends=NOW + 600_999, claims={"sub": "eve"})

    answer = Handshakes().ask({"ticket": ticket})

    assert answer["principalId"] == "ann"
    assert answer["context"] == {
        "roles": '["admin"]',
        "tenant": "acme",
        "expires_at": str(SECONDS + 600),
        "issued_at": str(SECONDS),
    }


def test_s03_ticket_is_refused_when_it_comes_again() -> None:
    handshakes, ticket = Handshakes(), mint()

    assert handshakes.outcome({"ticket": ticket}, connection_id="a=") == "200 ok"
    assert handshakes.outcome({"ticket": ticket}, connection_id="b=") == "401 spent"
    assert (
        handshakes.outcome({"ticket": ticket}, connection_id="a=") == "200 ok"
    )  # Lambda asks twice at times


def test_s03_ticket_is_not_used_up_when_it_is_refused() -> None:
    handshakes, ticket = Handshakes(), mint()

    assert handshakes.outcome({"ticket": ticket}, origin="https://evil.test") == "403 origin_not_allowed"
    assert handshakes.outcome({"ticket": ticket}, origin=None) == "403 other_origin"
    assert handshakes.outcome({"ticket": mint(tenant="a/b")}) == "401 wrong_claim"
    assert handshakes.spent == {}
    assert handshakes.outcome({"ticket": ticket}) == "200 ok"


@pytest.mark.parametrize(
    ("make", "outcome"),
    [
        (lambda: mint(now=NOW - 29_000), "200 ok"),
        (lambda: mint(now=NOW - 30_000), "401 expired"),
        (lambda: mint(ttl=60), "200 ok"),
        (lambda: mint(now=NOW + 30_000, ttl=30), "200 ok"),
        (lambda: mint(now=NOW + 31_000, ttl=30), "401 lives_too_long"),
        (lambda: forge(exp=SECONDS + 61), "401 lives_too_long"),
        (lambda: forge(exp=SECONDS + 86_400), "401 lives_too_long"),
        (lambda: mint(origin="https://other.example.com"), "403 other_origin"),
        (lambda: mint(origin=None), "403 other_origin"),
        (lambda: forge(origin=None), "403 other_origin"),
        (lambda: forge(origin=[PAGE]), "403 other_origin"),
        (lambda: forge(key=SECRET), "401 wrong_signature"),
        (lambda: forge(jti="short"), "401 wrong_claim"),
        (lambda: forge(jti="../" * 10), "401 wrong_claim"),
        (lambda: forge(jti=["x" * 22]), "401 wrong_claim"),
        (lambda: forge(session_ends="never"), "401 wrong_claim"),
        (lambda: mint(session_ends=NOW), "401 expired"),
        (lambda: mint(session_ends=NOW + 1_000), "200 ok"),
        (lambda: forge(sub="guest-1"), "401 wrong_claim"),
    ],
)
def test_s03_ticket_is_refused_when_it_is_not_quite_right(make: Callable[[], str], outcome: str) -> None:
    assert Handshakes().outcome({"ticket": make()}) == outcome


@pytest.mark.parametrize("ttl", [0, -1, 61, 3600])
def test_s03_no_ticket_is_minted_when_it_would_live_longer_than_a_minute(ttl: int) -> None:
    with pytest.raises(ValueError, match="60 s"):
        mint(ttl=ttl)


def test_s03_ticket_is_refused_when_any_bit_of_it_is_another() -> None:
    handshakes = Handshakes()

    outcomes = {handshakes.outcome({"ticket": other}) for other in flipped(mint())}

    assert not any(outcome.startswith("200") for outcome in outcomes)
    assert handshakes.spent == {}


def test_s03_ticket_is_no_token_and_no_token_a_ticket() -> None:
    handshakes = Handshakes()
    # Even where an operator gave both the same secret.
    as_token = forge(key=SECRET, iss=CLAIMS["iss"])
    as_ticket = jwt.encode({**CLAIMS, "jti": "x" * 22, "origin": PAGE}, TICKET_SECRET, "HS256")

    assert handshakes.outcome({"token": as_token}) == "401 wrong_audience"
    assert handshakes.outcome({"ticket": as_ticket}) == "401 wrong_audience"
    assert handshakes.outcome({"ticket": sign()}) == "401 wrong_signature"


def test_s03_minting_needs_nothing_but_pyjwt_when_a_backend_imports_it() -> None:
    code = "import sys, signalbox.identity.minting; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)

    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "jwt" in loaded
    assert not loaded & {"boto3", "botocore", "pydantic", "aws_lambda_powertools", "connection_store"}


def test_s03_cookies_are_not_looked_at_when_they_hold_a_token() -> None:
    cookie = f"token={sign()}; ticket={mint()}; session={sign()}"

    assert Handshakes().outcome(None, {"Cookie": cookie}) == "401 no_credentials"


def test_s03_tickets_of_the_command_line_are_the_same() -> None:
    ticket = mint_for_development(TICKET_SECRET, user="ann", origin=PAGE, roles=["admin"], tenant="acme")
    now = (jwt.decode(ticket, options={"verify_signature": False})["exp"] - 30) * 1000
    ours = jwt.decode(mint(now=now, roles=["admin"], tenant="acme"), options={"verify_signature": False})

    assert Handshakes().outcome({"ticket": ticket}, now=now) == "200 ok"
    theirs = jwt.decode(ticket, options={"verify_signature": False})
    assert theirs | {"jti": ""} == ours | {"jti": ""}
