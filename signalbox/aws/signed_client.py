"""Signed requests over one transport."""

import os
import time
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult

from .answers import read_error
from .clock import ServerClock
from .credentials import Credentials
from .errors import RefusedKeysError
from .keys import Keys
from .response import Response
from .signing import Signer
from .transport import Transport

_REFUSALS = {400, 401, 403}


class SignedClient:
    """Signs requests and sends them. What a service refuses for its keys or its date is sent once more.

    `clock` is in epoch seconds. If a server refuses a signature's date, its own clock corrects this one.
    """

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials | None = None,
        *,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._credentials = credentials or Credentials(environ)
        self._clock = ServerClock(clock)

    async def send(
        self, signer: Signer, method: str, label: str, body: bytes, body_hash: str, *, repeatable: bool
    ) -> Response:
        """Return the response to one request, whatever its status. `body_hash` is its SHA-256 in hexadecimal.

        Raises CredentialsError, ProxyError and TransportError.
        """
        signed_at = self._clock.now()
        keys = self._credentials.current() or await self._credentials.load()
        head = _head(signer, method, label, body, signer.sign(method, label, body_hash, keys, signed_at))
        response = await self._transport.request(head + body, repeatable=repeatable)
        if response.status in _REFUSALS and (better := await self._repair(response, keys, signed_at)):
            signed = signer.sign(method, label, body_hash, better, self._clock.now())
            head = _head(signer, method, label, body, signed)
            response = await self._transport.request(head + body, repeatable=repeatable)
        return response

    def warm(self) -> None:
        """Read the certificate authorities. Raises ConnectError."""
        self._transport.warm()

    async def close(self) -> None:
        """End the connections; what is under way fails. A later request starts anew."""
        await self._transport.close()

    async def _repair(self, refusal: Response, keys: Keys, signed_at: int) -> Keys | None:
        refused_keys = isinstance(read_error(refusal), RefusedKeysError)
        # API Gateway says 403 without a name for a date that is off.
        if (refused_keys or refusal.status == 403) and self._clock.correct(refusal, signed_at):
            return keys
        if not refused_keys:
            return None
        self._credentials.forget(keys)
        others = await self._credentials.load()
        return others if others != keys else None


def _head(signer: Signer, method: str, label: str, body: bytes, signed: str) -> bytes:
    line = f"{method} {signer.base}{label} HTTP/1.1"
    return f"{line}\r\n{signed}\r\ncontent-length: {len(body)}\r\n\r\n".encode()


def host_header(url: SplitResult) -> str:
    """Return the Host header for a URL: without the port that its scheme has by default."""
    name = url.hostname or ""
    host = f"[{name}]" if ":" in name else name
    usual = {"http": 80, "https": 443}.get(url.scheme)
    return host if url.port in {None, usual} else f"{host}:{url.port}"
