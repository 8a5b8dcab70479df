"""Signed requests over one transport."""

import asyncio
import os
import re
import time
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult

from .answers import read_error
from .clock import ServerClock
from .credentials import Credentials
from .errors import CredentialsError, RefusedKeysError
from .keys import Keys
from .response import Response
from .signing import Signer
from .transport import Transport

_REFUSALS = {400, 401, 403}
_PLAIN_PATH = re.compile(r"/?|(/(?!\.{1,2}(/|$))[A-Za-z0-9._~%-]+)+/?")


class SignedClient:
    """Signs requests and sends them. A request that is refused for its keys or its date is sent once more.

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

        It is over within the transport's time, whatever had to be repaired. Raises CredentialsError,
        ProxyError and TransportError.
        """
        deadline = self._transport.deadline()
        signed_at = self._clock.now()
        keys = self._credentials.current() or await self._load(deadline)
        signed = signer.sign(method, label, body_hash, keys, signed_at)
        request = _write(signer, method, label, body, signed)
        response = await self._transport.request(request, repeatable=repeatable, deadline=deadline)
        if response.status in _REFUSALS:
            better = await self._repair(response, keys, signed_at, deadline)
            if better is not None:
                signed = signer.sign(method, label, body_hash, better, self._clock.now())
                request = _write(signer, method, label, body, signed)
                return await self._transport.request(request, repeatable=repeatable, deadline=deadline)
        return response

    def warm(self) -> None:
        """Read the certificate authorities. Raises ConnectError."""
        self._transport.warm()

    async def close(self) -> None:
        """End the connections; what is under way fails. A later request starts anew."""
        await self._transport.close()

    async def _load(self, deadline: float) -> Keys:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._credentials.load()
        except TimeoutError:
            raise CredentialsError("no AWS credentials in time") from None

    async def _repair(self, refusal: Response, keys: Keys, signed_at: int, deadline: float) -> Keys | None:
        refused_keys = isinstance(read_error(refusal), RefusedKeysError)
        # API Gateway says 403 without a name for a date that is off.
        if (refused_keys or refusal.status == 403) and self._clock.correct(refusal, signed_at):
            return keys
        if not refused_keys:
            return None
        self._credentials.forget(keys)
        try:
            others = await self._load(deadline)
        except CredentialsError:
            return None  # what the service said is the better answer
        return others if others != keys else None


def _write(signer: Signer, method: str, label: str, body: bytes, signed: str) -> bytes:
    line = f"{method} {signer.base}{label} HTTP/1.1"
    return f"{line}\r\n{signed}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def is_plain_path(path: str) -> bool:
    """Whether a path is the same before and after normalisation. AWS signs the normalised one."""
    return _PLAIN_PATH.fullmatch(path) is not None


def host_header(url: SplitResult) -> str:
    """Return the Host header for a URL: without the port that its scheme has by default."""
    name = url.hostname or ""
    host = f"[{name}]" if ":" in name else name
    usual = {"http": 80, "https": 443}.get(url.scheme)
    return host if url.port in {None, usual} else f"{host}:{url.port}"
