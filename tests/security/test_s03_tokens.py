"""S03: only the issuer's own tokens are believed: the well-known ways to confuse a verifier (RFC 8725)."""

import base64
import hmac
import json
from typing import Any

import pytest

from signalbox.identity.jwks import fetch_keys
from signalbox.identity.keys import KeyCache
from tests.framework.identity.handshakes import (
    CLAIMS,
    SECRET,
    Algorithm,
    Handshakes,
    private_key,
    public_pem,
    sign,
)
from tests.security.bit_flips import flipped


def encode(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def write(header: Any, payload: Any = CLAIMS, key: bytes | None = SECRET.encode()) -> str:
    """A token of any header, signed as HS256 would, or not at all."""
    signed = f"{encode(header)}.{encode(payload)}"
    return f"{signed}.{encode(hmac.digest(key, signed.encode(), 'sha256')) if key else ''}"


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256"])
@pytest.mark.parametrize("none", ["none", "None", "NONE", "nOnE", "", None])
@pytest.mark.parametrize("key", [None, SECRET.encode()])
def test_s03_unsigned_token_is_refused(algorithm: Algorithm, none: str | None, key: bytes | None) -> None:
    assert Handshakes(algorithm).outcome({"token": write({"alg": none}, key=key)}) == "401 wrong_algorithm"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_s03_token_is_refused_when_the_public_key_signed_it_as_a_secret(algorithm: Algorithm) -> None:
    public = public_pem(algorithm).encode()

    for key in (public, public.strip(), public.replace(b"\n", b"")):
        assert (
            Handshakes(algorithm).outcome({"token": write({"alg": "HS256"}, key=key)})
            == "401 wrong_algorithm"
        )
        assert (
            Handshakes(algorithm).outcome({"token": write({"alg": algorithm}, key=key)})
            == "401 wrong_signature"
        )


@pytest.mark.parametrize("pinned", ["HS256", "RS256", "ES256"])
@pytest.mark.parametrize("used", ["HS256", "RS256", "ES256"])
def test_s03_token_is_refused_when_it_is_signed_with_another_algorithm(
    pinned: Algorithm, used: Algorithm
) -> None:
    outcome = Handshakes(pinned).outcome({"token": sign(used)})

    assert outcome == ("200 ok" if pinned == used else "401 wrong_algorithm")


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_s03_token_is_refused_when_somebody_else_signed_it(algorithm: Algorithm) -> None:
    token = sign(algorithm, private_key(algorithm, "somebody else's"))

    assert Handshakes(algorithm).outcome({"token": token}) == "401 wrong_signature"


@pytest.mark.parametrize(
    "header", [{"jwk": {}}, {"jku": "http://127.0.0.1:1/"}, {"x5u": "http://127.0.0.1:1/"}]
)
def test_s03_token_is_refused_when_it_brings_its_own_key(header: Any) -> None:
    header = {"alg": "HS256", "kid": "mine", **header}

    assert Handshakes().outcome({"token": write(header, key=b"x" * 32)}) == "401 wrong_signature"


@pytest.mark.parametrize("kid", ["unknown", "../../dev/null", "' OR 1=1 --", "", None, "x" * 4_000])
def test_s03_token_is_refused_when_its_key_is_unknown(kid: str | None) -> None:
    key_cache = KeyCache(lambda: {"first": public_pem("ES256")})
    token = sign("ES256", private_key("ES256", "first"), kid=kid)

    assert Handshakes("ES256", key_cache=key_cache).outcome({"token": token}) == "401 unknown_key"


@pytest.mark.parametrize(
    ("claims", "outcome"),
    [
        ({"aud": "other"}, "wrong_audience"),
        ({"aud": ["other", "another"]}, "wrong_audience"),
        ({"aud": "chat2"}, "wrong_audience"),
        ({"aud": ["chat", 7]}, "wrong_audience"),
        ({"aud": {"chat": 1}}, "wrong_audience"),
        ({"aud": []}, "missing_claim"),
        ({"aud": None}, "missing_claim"),
        ({"iss": "https://id.example.com"}, "wrong_issuer"),
        ({"iss": "https://id.example.com/.evil.test"}, "wrong_issuer"),
        ({"iss": None}, "missing_claim"),
        ({"sub": None}, "missing_claim"),
        ({"sub": 7}, "wrong_claim"),
        ({"sub": ["ann"]}, "wrong_claim"),
        ({"sub": {"ann": "bob"}}, "wrong_claim"),
        ({"exp": None}, "missing_claim"),
        ({"exp": "9999999999"}, "wrong_claim"),
        ({"exp": 1}, "expired"),
    ],
    ids=str,
)
def test_s03_token_is_refused_when_it_was_not_made_for_us(claims: Any, outcome: str) -> None:
    assert Handshakes().outcome({"token": sign(**claims)}) == f"401 {outcome}"


def test_s03_token_is_accepted_when_it_is_for_others_too() -> None:
    assert Handshakes().outcome({"token": sign(aud=["other", "chat"])}) == "200 ok"


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256"])
def test_s03_token_is_refused_when_any_bit_of_it_is_another(algorithm: Algorithm) -> None:
    handshakes = Handshakes(algorithm)
    token = sign(algorithm)
    assert handshakes.outcome({"token": token}) == "200 ok"

    for other in flipped(token):
        assert handshakes.outcome({"token": other}).startswith("401 ")


@pytest.mark.parametrize(
    "token",
    [
        write([]),
        write("HS256"),
        write(7),
        write({}),
        write({"alg": ["HS256"]}),
        write({"alg": {"HS256": 1}}),
        write({"alg": "HS256", "kid": 7}),
        write({"alg": "HS256", "kid": {"$ne": None}}),
        write({"alg": "HS256", "crit": ["exp"]}),
        write({"alg": "HS256", "crit": ["b64"], "b64": False}),
        write({"alg": "HS256"}, []),
        write({"alg": "HS256"}, "claims"),
        write({"alg": "HS256"}, b"\xff\xfe"),
        write({"alg": "HS256"}, b"[" * 5_000),
        write({"alg": "HS256"}, b'{"a":' * 1_000 + b"1" + b"}" * 1_000),
        write({"alg": "HS256"}, b'{"exp": ' + b"9" * 5_000 + b"}"),
        write(b'{"alg":' * 900),
        write({"alg": "HS256"}, sign()),
        sign() + "." + sign(),
        "..",
        ".",
        "a.b.",
        "e30.e30.e30",
    ],
    ids=lambda token: token[:40],
)
def test_s03_token_is_refused_when_it_is_no_proper_token(token: str) -> None:
    assert Handshakes().outcome({"token": token}).startswith("401 ")


@pytest.mark.parametrize("size", [8_193, 32_768, 1_048_576])
def test_s03_token_is_refused_unread_when_it_is_huge(size: int) -> None:
    token = sign(padding="x" * size)

    assert Handshakes().outcome({"token": token}) == "401 too_large"
    assert Handshakes().outcome(None, {"Authorization": f"Bearer {token}"}) == "401 too_large"


def test_s03_nobody_is_asked_for_keys_when_the_algorithm_is_wrong() -> None:
    key_cache = KeyCache(lambda: fetch_keys("http://127.0.0.1:1/", "RS256"))

    assert Handshakes("RS256", key_cache=key_cache).outcome({"token": sign("HS256")}) == "401 wrong_algorithm"
