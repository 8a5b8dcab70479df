from pathlib import Path

import pytest

from signalbox.load_test.errors import RefusedError, UnreachableError, UsageError
from signalbox.load_test.sockets.handshake import check_answer, make_request, parse_address

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The example of RFC 6455, 1.3."""


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "public"),
    [
        ("ws://127.0.0.1:3001/local?name=a", "127.0.0.1", 3001, "/local?name=a", "ws://127.0.0.1:3001/local"),
        ("ws://h", "h", 80, "/", "ws://h"),
        ("wss://h/prod?token=secret", "h", 443, "/prod?token=secret", "wss://h/prod"),
        ("ws://[::1]:5/x", "::1", 5, "/x", "ws://[::1]:5/x"),
        ("wss://user:password@h/x", "h", 443, "/x", "wss://h/x"),
    ],
)
def test_an_address_has_its_parts_when_it_is_one(
    url: str, host: str, port: int, target: str, public: str
) -> None:
    address = parse_address(url, None)

    assert (address.host, address.port, address.target, address.public) == (host, port, target, public)
    assert (address.tls is not None) == url.startswith("wss")


@pytest.mark.parametrize(
    "url",
    ["", "h", "http://h/", "ws://", "ws:///x", "ws://h:x/", "ws://h:70000/", "ws://[::1", "ws://h/a b", "ws://h/é",
     "ws://h/\r\nX: y", f"ws://{'x' * 64}.h/"],
)  # fmt: skip
def test_an_address_is_refused_when_it_is_none(url: str) -> None:
    with pytest.raises(UsageError, match="is not a WebSocket address"):
        parse_address(url, None)


def test_certificates_are_refused_when_they_are_none(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")

    with pytest.raises(UsageError, match="not a file of certificates"):
        parse_address("wss://h/", str(tmp_path / "text"))
    with pytest.raises(UsageError, match="No such file"):
        parse_address("wss://h/", str(tmp_path / "missing"))
    with pytest.raises(UsageError, match="--ca is for wss"):
        parse_address("ws://h/", str(tmp_path / "text"))


def test_the_request_asks_for_a_websocket_when_it_is_made() -> None:
    head = make_request(parse_address("ws://h:81/x?y=1", None), KEY).decode()

    assert head.startswith("GET /x?y=1 HTTP/1.1\r\nHost: h:81\r\n")
    assert f"Sec-WebSocket-Key: {KEY.decode()}\r\n\r\n" in head


def test_an_answer_opens_when_it_knows_the_key() -> None:
    check_answer(b"HTTP/1.1 101 x\r\nupgrade: websocket\r\nsec-websocket-accept: " + ACCEPT, KEY)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket", "does not speak WebSocket"),
        (b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: abc", "does not speak WebSocket"),
        (b"SSH-2.0-OpenSSH", "does not speak HTTP"),
        (b"HTTP/1.1 abc", "does not speak HTTP"),
        (b"", "does not speak HTTP"),
    ],
)
def test_an_answer_is_worded_when_it_opens_nothing(head: bytes, said: str) -> None:
    with pytest.raises(UnreachableError, match=said):
        check_answer(head, KEY)


def test_the_status_is_kept_when_the_server_refuses() -> None:
    with pytest.raises(RefusedError) as caught:
        check_answer(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1", KEY)

    assert caught.value.status == 503
