"""Tickets verified with the standard library, held against PyJWT, which the authorizer has.

Covers signalbox.identity.minting, signalbox.identity.ticket_format, signalbox.identity.tokens.
"""

import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from hmac import digest
from typing import Any

import jwt
import pytest

from signalbox.identity.errors import DeniedError, Reason
from signalbox.identity.keys import KeyCache
from signalbox.identity.minting import mint_ticket
from signalbox.identity.signature import TicketVerifier
from signalbox.identity.ticket_format import TICKET_ALGORITHM, TICKET_AUDIENCE
from signalbox.identity.tokens import TokenVerifier
from tests.conftest import ROOT
from tests.framework.identity.handshakes import SECONDS, SECRET, TICKET_SECRET, Handshakes, sign
from tests.framework.realtime.backend import NOW, SETTINGS
from tests.security.bit_flips import flipped

KEYS = KeyCache(lambda: {None: TICKET_SECRET})
CLAIMS = {"aud": "ticket", "sub": "ann", "jti": "x" * 22, "exp": SECONDS + 30}
VERIFIERS = {"ours": TicketVerifier(KEYS), "PyJWT": TokenVerifier(KEYS, TICKET_ALGORITHM, TICKET_AUDIENCE)}


def outcome(verifier: Any, text: str) -> Any:
    try:
        return verifier.verify(text, NOW)
    except DeniedError as denied:
        return str(denied.reason)


def forge(headers: Any = None, key: str = TICKET_SECRET, algorithm: Any = "HS256", **claims: Any) -> str:
    kept = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return jwt.encode(kept, key, algorithm, headers=headers)


def by_hand(header: Any, payload: Any) -> str:
    """Signed, whatever is in it."""
    parts = [value if isinstance(value, bytes) else json.dumps(value).encode() for value in (header, payload)]
    signed = ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    signature = digest(TICKET_SECRET.encode(), signed.encode(), sha256)
    return f"{signed}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


HEADER = {"alg": "HS256", "typ": "JWT"}
SAME: dict[str, Callable[[], str]] = {
    "good": lambda: mint_ticket(TICKET_SECRET, "ann", now=NOW, origin="https://app.example.com"),
    "good, with a key id": lambda: forge(headers={"kid": "k1"}),
    "good, made by hand": lambda: by_hand(HEADER, CLAIMS),
    "good, for a list of one": lambda: forge(aud=["ticket"]),
    "expired": lambda: forge(exp=SECONDS),
    "expired, a fraction": lambda: forge(exp=SECONDS - 0.5),
    "not yet valid": lambda: forge(nbf=SECONDS + 1),
    "valid by now": lambda: forge(nbf=SECONDS),
    "no audience": lambda: forge(aud=None),
    "another audience": lambda: forge(aud="chat"),
    "no end": lambda: forge(exp=None),
    "no subject": lambda: forge(sub=None),
    "another key": lambda: forge(key=SECRET),
    "another algorithm": lambda: forge(key=TICKET_SECRET * 2, algorithm="HS512"),
    "no algorithm": lambda: by_hand({"typ": "JWT"}, CLAIMS),
    "alg none": lambda: by_hand({"alg": "none"}, CLAIMS),
    "a token": sign,
    "header is no object": lambda: by_hand([], CLAIMS),
    "payload is no object": lambda: by_hand(HEADER, [CLAIMS]),
    "payload is no JSON": lambda: by_hand(HEADER, b"{"),
    "payload is not text": lambda: by_hand(HEADER, b"\xff"),
    "two parts": lambda: "a.b",
    "nothing": lambda: "",
}
STRICTER = {
    "unknown critical header": lambda: by_hand({**HEADER, "crit": ["x"], "x": 1}, CLAIMS),
    "detached": lambda: by_hand({**HEADER, "b64": False, "crit": ["b64"]}, CLAIMS),
    "with a key of its own": lambda: by_hand({**HEADER, "jwk": {"k": "x"}}, CLAIMS),
    "key id is no text": lambda: by_hand({**HEADER, "kid": 7}, CLAIMS),
    "for others, too": lambda: forge(aud=["ticket", "chat"]),
    "subject is no text": lambda: by_hand(HEADER, {**CLAIMS, "sub": 7}),
    "end is no number": lambda: by_hand(HEADER, {**CLAIMS, "exp": "soon"}),
    "deeply nested": lambda: by_hand(HEADER, b"[" * 100_000),
    "spaces": lambda: forge() + " ",
    "padding": lambda: forge() + "=",
}


@pytest.mark.parametrize("case", SAME)
def test_both_say_the_same(case: str) -> None:
    text = SAME[case]()

    ours, theirs = (outcome(verifier, text) for verifier in VERIFIERS.values())
    assert ours == theirs
    assert isinstance(ours, dict) == case.startswith(("good", "valid"))


@pytest.mark.parametrize("case", STRICTER)
def test_what_no_ticket_looks_like_is_refused(case: str) -> None:
    assert isinstance(outcome(VERIFIERS["ours"], STRICTER[case]()), str)


@pytest.mark.parametrize(
    "text", ["a.b", "a.b.c.d", ".b.c", "a..c", " a.b.c", "a.b.c\n", "a.b.c=", "ä.b.c", "a.b.\u0661"]
)
def test_handshake_and_refresh_refuse_the_same_when_it_does_not_look_like_a_ticket(text: str) -> None:
    refused = str(Reason.MALFORMED_CREDENTIALS)

    assert (Handshakes().outcome({"ticket": text}), outcome(VERIFIERS["ours"], text)) == (
        f"401 {refused}",
        refused,
    )


def test_every_changed_character_is_noticed() -> None:
    good = forge()

    assert not [each for each in flipped(good) if isinstance(outcome(VERIFIERS["ours"], each), dict)]


def test_websocket_function_loads_no_cryptography() -> None:
    start = "from tests.framework.application import app; app.websocket(); app.sweeper()"
    code = f"import sys; {start}; print(*sys.modules)"
    environment = {**SETTINGS, "TICKET_SECRET": TICKET_SECRET, "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )

    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "connection_store" in loaded, done.stderr
    assert not loaded & {"jwt", "cryptography"}
