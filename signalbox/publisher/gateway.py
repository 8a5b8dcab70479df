"""The port for posting to connections, and its implementation with API Gateway's `@connections`."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from signalbox.aws.credentials import Credentials
from signalbox.aws.endpoints import check_region
from signalbox.aws.errors import CredentialsError, EndpointError, TransportError
from signalbox.aws.response import Response
from signalbox.aws.signed_client import SignedClient, host_header, is_plain_path
from signalbox.aws.signing import Signer
from signalbox.aws.transport import Transport

from .outcomes import Failed, Gone, Outcome, Sent, Slow, TooLarge

MAX_FRAME_BYTES = 131_072
"""The largest frame that API Gateway accepts (W23)."""


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """A connection as API Gateway describes it (W16). Instants are epoch milliseconds."""

    connected_at: int
    last_active_at: int
    source_ip: str
    user_agent: str | None


class Gateway(Protocol):
    """The operations of `@connections`. Expected failures are returned, not raised."""

    async def post(self, connection_id: str, frame: bytes) -> Outcome:
        """Send a frame to a connection."""
        ...

    async def close(self, connection_id: str) -> Outcome:
        """Close a connection. The client sees close code 1000 (W64)."""
        ...

    async def info(self, connection_id: str) -> ConnectionInfo | Gone | Failed:
        """Return what API Gateway knows of a connection."""
        ...


# Connection ids are URL-safe base64 (W39). Other characters could change the path.
_CONNECTION_ID = re.compile(r"[A-Za-z0-9_=-]{1,128}")
_ERROR_TYPE = re.compile(r"[A-Za-z]{1,64}")


class ApiGateway:
    """API Gateway's `@connections` at `endpoint_url`, path prefix included: `https://{host}/{stage}` (W12).

    The endpoint comes from settings, because behind a custom domain an event's `domainName` is wrong (F09).
    `clock` is in epoch seconds. If the server refuses a signature's date, its clock corrects ours.
    """

    def __init__(
        self,
        endpoint_url: str,
        region: str,
        *,
        credentials: Credentials | None = None,
        transport: Transport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        parts = urlsplit(endpoint_url)
        prefix = parts.path.rstrip("/")
        if parts.query or parts.fragment or not is_plain_path(prefix):
            raise ValueError("ApiGateway: this is not an endpoint. Use https://HOST/STAGE.")
        self._client = SignedClient(transport or Transport(endpoint_url), credentials, clock=clock)
        base = f"{prefix}/@connections/"
        self._signer = Signer(check_region(region), "execute-api", host_header(parts), base)
        self._hashed = (b"", hashlib.sha256().hexdigest())

    async def post(self, connection_id: str, frame: bytes) -> Outcome:
        """Send a frame to a connection. A frame over `MAX_FRAME_BYTES` is not sent."""
        if len(frame) > MAX_FRAME_BYTES:
            return TooLarge()
        return _outcome(await self._call("POST", connection_id, frame))

    async def close(self, connection_id: str) -> Outcome:
        """Close a connection. `Sent` means that API Gateway accepted the request."""
        return _outcome(await self._call("DELETE", connection_id, b""))

    async def info(self, connection_id: str) -> ConnectionInfo | Gone | Failed:
        """Return what API Gateway knows of a connection."""
        response = await self._call("GET", connection_id, b"")
        if isinstance(response, Response) and response.status == 200:
            return _read_info(response.body)
        outcome = _outcome(response)
        return outcome if isinstance(outcome, Gone | Failed) else Failed(type(outcome).__name__, retry=True)

    async def aclose(self) -> None:
        """End the connections to API Gateway. The gateway may be used again."""
        await self._client.close()

    async def _call(self, method: str, connection_id: str, body: bytes) -> Response | Failed:
        if not _CONNECTION_ID.fullmatch(connection_id):
            return Failed("InvalidConnectionId", retry=False)
        label = connection_id.replace("=", "%3D")
        # A post that is answered late must not be sent again meanwhile: the client would see both.
        repeatable = method != "POST"
        try:
            return await self._client.send(
                self._signer, method, label, body, self._hash(body), repeatable=repeatable
            )
        except CredentialsError as error:
            return Failed(type(error).__name__, retry=False)
        except EndpointError as error:
            return Failed(str(error), retry=False)  # it says what to set
        except TransportError as error:
            return Failed(type(error).__name__, retry=True)

    def _hash(self, body: bytes) -> str:
        # A broadcast posts the same object over and over.
        if body is not self._hashed[0]:
            self._hashed = (body, hashlib.sha256(body).hexdigest())
        return self._hashed[1]


def _outcome(response: Response | Failed) -> Outcome:
    if isinstance(response, Failed):
        return response
    match response.status:
        case 200 | 201 | 202 | 204:
            return Sent()
        case 410:
            return Gone()
        case 413:
            return TooLarge()
        case 429:
            return Slow()
    error_type = _ERROR_TYPE.match(response.header("x-amzn-errortype") or "")
    return Failed(error_type[0] if error_type else f"HTTP {response.status}", retry=response.status >= 500)


def _read_info(body: bytes) -> ConnectionInfo | Failed:
    try:
        info = json.loads(body)
        identity = info["identity"]
        return ConnectionInfo(
            connected_at=_milliseconds(info["connectedAt"]),
            last_active_at=_milliseconds(info["lastActiveAt"]),
            source_ip=identity["sourceIp"],
            user_agent=identity.get("userAgent"),
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return Failed("InvalidResponseError", retry=True)


def _milliseconds(instant: str) -> int:
    return round(datetime.fromisoformat(instant).timestamp() * 1000)
