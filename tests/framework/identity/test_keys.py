"""Where keys come from, how long they are kept, and how often anybody is asked for them.

Covers signalbox.identity.jwks.
"""

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from signalbox.identity import jwks
from signalbox.identity.errors import DeniedError, KeysUnavailableError
from signalbox.identity.jwks import MAX_KEY_SET_BYTES, fetch_keys
from signalbox.identity.keys import EXPIRE_AFTER, REFRESH_AFTER, RETRY_INTERVAL, KeyCache
from tests.framework.identity.handshakes import NOW, Handshakes, jwk, sign


class Source:
    """Gives out keys, or fails, and counts how often it is asked."""

    def __init__(self, keys: dict[str | None, str] | None = None) -> None:
        self.keys = keys or {}
        self.fails = False
        self.asked = 0

    def __call__(self) -> dict[str | None, str]:
        self.asked += 1
        if self.fails:
            raise KeysUnavailableError("TimeoutError")
        return dict(self.keys)


def test_keys_are_fetched_once_when_they_are_fresh() -> None:
    key_cache = KeyCache(source := Source({"a": "A", "b": "B"}))

    found = [key_cache.find("a", NOW), key_cache.find("b", NOW + REFRESH_AFTER - 1)]

    assert (found, source.asked) == (["A", "B"], 1)


def test_new_key_is_found_when_keys_rotate() -> None:
    key_cache = KeyCache(source := Source({"a": "A"}))
    key_cache.find("a", NOW)
    source.keys = {"b": "B"}

    assert key_cache.find("b", NOW + RETRY_INTERVAL) == "B"
    with pytest.raises(DeniedError, match="unknown_key"):
        key_cache.find("a", NOW + RETRY_INTERVAL)  # the old one is good no longer


def test_withdrawn_key_is_forgotten_when_keys_are_no_longer_fresh() -> None:
    key_cache = KeyCache(source := Source({"a": "A", "b": "B"}))
    key_cache.find("a", NOW)
    del source.keys["a"]

    with pytest.raises(DeniedError, match="unknown_key"):
        key_cache.find("a", NOW + REFRESH_AFTER)


def test_provider_is_asked_once_in_ten_seconds_when_strangers_invent_key_ids() -> None:
    key_cache = KeyCache(source := Source({"a": "A"}))

    for millisecond in range(0, 60_000, 100):
        with pytest.raises(DeniedError, match="unknown_key"):
            key_cache.find(f"invented-{millisecond}", NOW + millisecond)

    assert source.asked == 6


def test_known_keys_stay_good_for_an_hour_when_the_provider_is_away() -> None:
    key_cache = KeyCache(source := Source({"a": "A"}))
    key_cache.find("a", NOW)
    source.fails = True

    assert key_cache.find("a", NOW + EXPIRE_AFTER - 1) == "A"
    with pytest.raises(KeysUnavailableError):
        key_cache.find("a", NOW + EXPIRE_AFTER)


def test_provider_is_asked_once_in_ten_seconds_when_it_never_answered() -> None:
    source = Source()
    source.fails = True
    key_cache = KeyCache(source)

    for second in range(20):
        with pytest.raises(KeysUnavailableError):
            key_cache.find("a", NOW + second * 1_000)

    assert source.asked == 2


class Provider(ThreadingHTTPServer):
    """An identity provider on loopback."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Publication)
        self.status = 200
        self.body = json.dumps({"keys": []}).encode()
        self.location = ""
        self.url = f"http://127.0.0.1:{self.server_port}/.well-known/jwks.json"

    def publish(self, *keys: Any) -> None:
        self.body = json.dumps({"keys": keys}).encode()


class Publication(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        thread = Thread(target=provider.serve_forever, args=(0.01,))
        thread.start()
        yield provider  # a fixture is resumed whatever its test does
        provider.shutdown()
        thread.join()


def test_token_is_accepted_when_the_provider_publishes_its_key(provider: Provider) -> None:
    provider.publish(jwk("ES256", "other kind"), jwk("RS256", "first"), jwk("RS256", "second"))
    handshakes = Handshakes("RS256", key_cache=KeyCache(lambda: fetch_keys(provider.url, "RS256")))

    assert handshakes.outcome({"token": sign("RS256", kid="first")}) == "200 ok"
    assert handshakes.outcome({"token": sign("RS256", kid="second")}) == "200 ok"
    assert handshakes.outcome({"token": sign("RS256", kid="third")}) == "401 unknown_key"
    assert handshakes.outcome({"token": sign("RS256")}) == "401 unknown_key"


def test_only_keys_that_verify_such_signatures_are_kept_when_published(provider: Provider) -> None:
    secret = {"kty": "oct", "kid": "secret", "alg": "RS256", "k": "c2VjcmV0"}
    encrypting = jwk("RS256", "encrypting") | {"use": "enc"}
    nameless = {name: value for name, value in jwk("RS256").items() if name != "kid"}
    provider.publish(secret, encrypting, nameless, jwk("ES256", "curve"), "junk", jwk("RS256", "good"))

    assert set(fetch_keys(provider.url, "RS256")) == {"good"}


@pytest.mark.parametrize(
    ("status", "body", "complaint"),
    [
        (500, b"", "HTTP 500"),
        (200, b"<html>", "no key set"),
        (200, b"[]", "no key set"),
        (200, b'{"keys": 1}', "no key set"),
        (200, b"[" * 100_000, "no key set"),
        (200, b'{"keys": []}', "no key for RS256"),
        (200, b" " * (MAX_KEY_SET_BYTES + 1), "more than 262144 bytes"),
    ],
)
def test_keys_are_unavailable_when_the_provider_answers_nonsense(
    provider: Provider, status: int, body: bytes, complaint: str
) -> None:
    provider.status, provider.body = status, body

    with pytest.raises(KeysUnavailableError, match=complaint):
        fetch_keys(provider.url, "RS256")


def test_no_other_address_is_asked_when_the_provider_redirects(provider: Provider) -> None:
    provider.publish(jwk("RS256"))
    provider.status, provider.location = 302, provider.url

    with pytest.raises(KeysUnavailableError, match="HTTP 302"):
        fetch_keys(provider.url, "RS256")


def test_keys_are_unavailable_when_nobody_listens() -> None:
    with pytest.raises(KeysUnavailableError, match="URLError"):
        fetch_keys("http://127.0.0.1:1/", "RS256")


def test_keys_are_unavailable_when_the_provider_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "TIMEOUT", 0.05)
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, pytest.raises(KeysUnavailableError, match="TimeoutError"):
        fetch_keys(f"http://127.0.0.1:{silent.getsockname()[1]}/", "RS256")
