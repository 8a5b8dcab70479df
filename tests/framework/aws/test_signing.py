import hashlib
import hmac
import random
import string
import time
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from signalbox.aws.keys import Keys
from signalbox.aws.signing import Signer

SEED = 20_251_121
ID_LETTERS = string.ascii_letters + string.digits + "-_"
TOKEN_LETTERS = string.ascii_letters + string.digits + "+/="


def word(source: random.Random, letters: str, least: int, most: int) -> str:
    return "".join(source.choices(letters, k=source.randint(least, most)))


def as_lines(request: AWSRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def ours(signed: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in signed.split("\r\n") if not line.startswith("host"))


def test_w13_signatures_are_botocores_when_requests_are_generated() -> None:
    print("seed", SEED)  # noqa: T201 - shown when it fails
    source = random.Random(SEED)
    for _ in range(700):  # 3,000 requests and more
        host = source.choice(
            ["abc123.execute-api.eu-west-1.amazonaws.com", "127.0.0.1:3001", "[::1]:3001", "api.test"]
        )
        base = (
            source.choice(["/", f"/{word(source, ID_LETTERS, 1, 128)}/", "/_aws/a~b/p%20d/"])
            + "@connections/"
        )
        region = source.choice(["us-east-1", "cn-north-1", "local"])
        signer = Signer(region, "execute-api", host, base)
        keys = [generate_keys(source) for _ in range(2)]
        for _ in range(source.randint(1, 8)):
            check(source, signer, f"http://{host}{base}", region, source.choice(keys))


def generate_keys(source: random.Random) -> Keys:
    token = source.choice([None, word(source, TOKEN_LETTERS, 1, 1_000)])
    return Keys(word(source, ID_LETTERS, 16, 20), word(source, TOKEN_LETTERS, 40, 40), token)


def check(source: random.Random, signer: Signer, url: str, region: str, keys: Keys) -> None:
    """One request, signed by both, at the time botocore takes it to be."""
    method, body = source.choice(
        [("POST", source.randbytes(source.randint(0, 300))), ("GET", b""), ("DELETE", b"")]
    )
    label = word(source, ID_LETTERS, 1, 24) + source.choice(["", "%3D", "%3D%3D"])
    request = AWSRequest(method=method, url=url + label, data=body)
    auth = SigV4Auth(
        BotoCredentials(keys.access_key, keys.secret_key, keys.session_token), "execute-api", region
    )
    at = source.randrange(4_102_444_800)
    request.context["timestamp"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    if keys.session_token:
        request.headers["X-Amz-Security-Token"] = keys.session_token
    to_sign = auth.string_to_sign(request, auth.canonical_request(request))

    signed = signer.sign(method, label, hashlib.sha256(body).hexdigest(), keys, at)

    assert signed.endswith(f"Signature={auth.signature(to_sign, request)}")


def test_headers_are_botocores_when_it_signs_the_same_second() -> None:
    keys = Keys("AKIDEXAMPLE", "secret", "token")
    signer = Signer("eu-west-1", "execute-api", "api.test", "/prod/@connections/")
    request = AWSRequest(
        method="POST", url="https://api.test/prod/@connections/R0oXAdfD0kwCH6w%3D", data=b"hello"
    )
    SigV4Auth(BotoCredentials("AKIDEXAMPLE", "secret", "token"), "execute-api", "eu-west-1").add_auth(request)
    at = int(time.mktime(time.strptime(request.context["timestamp"], "%Y%m%dT%H%M%SZ")) - time.timezone)

    signed = signer.sign("POST", "R0oXAdfD0kwCH6w%3D", hashlib.sha256(b"hello").hexdigest(), keys, at)

    assert ours(signed) == as_lines(request)


@pytest.mark.parametrize(
    "change",
    [
        {"at": 86_001},
        {"at": 86_400 + 86_000},
        {"keys": Keys("a", "c")},
        {"method": "DELETE"},
        {"label": "b%3D"},
        {"payload_hash": "1" * 64},
    ],
    ids=str,
)
def test_signature_changes_when_anything_signed_changes(change: dict[str, Any]) -> None:
    signer = Signer("eu-west-1", "execute-api", "api.test", "/prod/@connections/")
    request: dict[str, Any] = {
        "method": "POST",
        "label": "a%3D",
        "payload_hash": "0" * 64,
        "keys": Keys("a", "b"),
        "at": 86_000,
    }
    first = signer.sign(**request)

    assert signer.sign(**{**request, **change}) != first
    assert signer.sign(**request) == first


def test_key_is_derived_once_a_day_when_many_requests_are_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    real = hmac.digest

    def digest(key: bytes, data: bytes, name: str) -> bytes:
        calls.append(name)
        return real(key, data, name)

    monkeypatch.setattr(hmac, "digest", digest)
    signer, keys = (
        Signer("eu-west-1", "execute-api", "api.test", "/prod/@connections/"),
        Keys("a", "in no other test"),
    )

    def sign(at: int) -> int:
        calls.clear()
        signer.sign("POST", "id", "0" * 64, keys, at)
        return len(calls)

    assert [sign(at) for at in (0, 0, 1, 86_399, 86_400, 86_401)] == [5, 1, 1, 1, 5, 1]


def test_secrets_stay_hidden_when_anything_is_printed() -> None:
    signer = Signer("eu-west-1", "execute-api", "api.test", "/prod/@connections/")
    keys = Keys("AKIDEXAMPLE", "canary-secret", "canary-token")
    signer.sign("POST", "a", "0" * 64, keys, 0)

    assert "canary" not in repr([keys, signer])
