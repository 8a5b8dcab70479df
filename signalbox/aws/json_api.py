"""JSON services of AWS: DynamoDB, SQS, Secrets Manager and Systems Manager."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from .answers import read_answer
from .credentials import Credentials
from .endpoints import Service, check_region, find_endpoint, find_region
from .errors import EndpointError
from .signed_client import SignedClient, host_header, is_plain_path
from .signing import Signer
from .transport import Transport

# Made once: json.dumps would make an encoder for each request that is not written with blanks.
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode

MAX_ANSWER_BYTES = 17 * 1_048_576
"""The bound of one answer. DynamoDB's largest have 16 MB."""


class JsonApi:
    """Calls the operations of one service. Nothing is looked up or connected before the first call.

    Region and endpoint are those of the standard environment variables, unless they are given. `connections`
    bounds the calls under way at once; the others wait. A call takes `connect_timeout` + `response_timeout`
    seconds at most. The API may be used from several event loops and threads, and after a fork.

        dynamodb = JsonApi(DYNAMODB)
        await dynamodb.call("GetItem", {"TableName": "t", "Key": {"pk": {"S": "1"}}}, repeatable=True)
    """

    def __init__(
        self,
        service: Service,
        region: str | None = None,
        endpoint: str | None = None,
        *,
        connections: int = 16,
        connect_timeout: float = 1.0,
        response_timeout: float = 2.0,
        credentials: Credentials | None = None,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._service = service
        self._region = region
        self._endpoint = endpoint
        self._connections = connections
        self._connect_timeout = connect_timeout
        self._response_timeout = response_timeout
        self._credentials = credentials
        self._environ = environ
        self._clock = clock
        self._client: SignedClient | None = None
        self._make_signer: Callable[[str], Signer]
        self._signers: dict[str, Signer] = {}

    async def call(
        self, operation: str, request: Mapping[str, Any], *, repeatable: bool = False
    ) -> dict[str, Any]:
        """Return the answer of an operation. Raises AwsError, in one of its kinds.

        The request is sent once, as `Transport.request` says, and once more if the service refuses its keys
        or its date.
        """
        client = self._client or self._connect()
        signer = self._signers.get(operation) or self._add_signer(operation)
        body = _ENCODE(request).encode()
        body_hash = hashlib.sha256(body).hexdigest()
        return read_answer(await client.send(signer, "POST", "", body, body_hash, repeatable=repeatable))

    def warm(self) -> None:
        """Read the certificate authorities, which takes 20 ms. Raises EndpointError and ConnectError."""
        self._client = self._client or self._connect()
        self._client.warm()

    async def close(self) -> None:
        """End the connections; calls under way fail. A later call starts anew."""
        if self._client is not None:
            await self._client.close()

    def _connect(self) -> SignedClient:
        region = check_region(self._region) if self._region else find_region(self._environ)
        url = self._endpoint or find_endpoint(self._service, region, self._environ)
        try:
            transport = Transport(
                url,
                connections=self._connections,
                connect_timeout=self._connect_timeout,
                response_timeout=self._response_timeout,
                max_response=MAX_ANSWER_BYTES,
                environ=self._environ,
                clock=self._clock,
            )
        except ValueError:
            raise EndpointError(f"{self._service.name}: the endpoint is no http or https URL") from None
        parts = urlsplit(url)
        if not is_plain_path(parts.path) or parts.query or parts.fragment:
            raise EndpointError(f"{self._service.name}: the endpoint has a path that cannot be signed")
        host, base = host_header(parts), parts.path or "/"
        self._make_signer = lambda target: Signer(
            region,
            self._service.name,
            host,
            base,
            {"content-type": f"application/x-amz-json-{self._service.version}", "x-amz-target": target},
        )
        client = SignedClient(transport, self._credentials, environ=self._environ, clock=self._clock)
        self._client = client
        return client

    def _add_signer(self, operation: str) -> Signer:
        signer = self._signers[operation] = self._make_signer(f"{self._service.target}.{operation}")
        return signer
