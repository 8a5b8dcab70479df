"""The opening handshake of RFC 6455 on the client's side. No I/O."""

import base64
import hashlib
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import RefusedError, UnreachableError, UsageError

MAX_HEAD = 65_536
"""The maximum size of an answer to the handshake in bytes."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect. `public` is the URL without its query and user, which may be secret."""

    host: str
    port: int
    target: str
    authority: str
    public: str
    tls: ssl.SSLContext | None


def parse_address(url: str, ca: str | None) -> Address:
    """Parse a ws:// or wss:// URL. `ca` is a file of trusted certificates. Raises UsageError."""
    try:
        parts = urlsplit(url)
        secure = {"ws": False, "wss": True}[parts.scheme]
        port = parts.port or (443 if secure else 80)
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, KeyError):
        host = ""
    if not host or not url.isascii() or any(mark <= " " for mark in url):
        raise UsageError(f"{url!r} is not a WebSocket address: it looks like ws://host:port/stage or wss://…")
    if ca and not secure:
        raise UsageError("--ca is for wss:// addresses")
    authority = parts.netloc.rpartition("@")[2]
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    public = f"{parts.scheme}://{authority}{parts.path}"
    return Address(host, port, target, authority, public, _trust(ca) if secure else None)


def make_request(address: Address, key: bytes) -> bytes:
    """Return the handshake request. `key` is 16 random bytes in base64."""
    return (
        f"GET {address.target} HTTP/1.1\r\nHost: {address.authority}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key.decode()}\r\n\r\n"
    ).encode()


def check_answer(head: bytes, key: bytes) -> None:
    """Check the head of the answer, without its empty line. Raises RefusedError and UnreachableError."""
    status, *lines = head.split(b"\r\n")
    version, _, rest = status.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise UnreachableError("what answers there does not speak HTTP")
    if rest[:3] != b"101":
        raise RefusedError(int(rest[:3]))
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)
    }
    expected = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    if headers.get(b"sec-websocket-accept") != expected:
        raise UnreachableError("what answers there does not speak WebSocket")


def _trust(ca: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError as error:
        raise UsageError(f"--ca {ca}: not a file of certificates") from error
    except OSError as error:
        raise UsageError(f"--ca {ca}: {error.strerror}") from error
