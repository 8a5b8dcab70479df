"""Errors of requests to AWS.

AwsError
├── EndpointError                no region, or no address that requests can go to
│   └── ProxyError               …because a proxy variable covers it
├── CredentialsError             no AWS credentials, or they could not be refreshed
├── ServiceError                 the service answered with an error
│   └── RefusedKeysError         …because it does not accept the keys or the signature
└── TransportError               a request without an answer that can be read
    ├── ConnectError             no connection in time: nothing was sent
    ├── ConnectionLostError      the connection ended inside the exchange
    │   └── StaleConnectionError …a kept one, and before the first byte of an answer
    ├── ResponseTimeoutError     sent, and no answer in time
    └── InvalidResponseError     an answer that is not HTTP/1.1 or not JSON, is damaged, or over its bound
"""

from collections.abc import Mapping
from typing import Any

THROTTLING_CODES = frozenset(
    {
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Names that AWS gives to one thing: too many requests."""


class AwsError(Exception):
    """Base class of this package's errors."""


class EndpointError(AwsError):
    """There is no region, or no address that requests can go to. The text says what to set."""


class ProxyError(EndpointError):
    """A proxy variable covers the host. The text names the variable and `NO_PROXY`."""


class CredentialsError(AwsError):
    """There are no AWS credentials, or they could not be refreshed."""


class ServiceError(AwsError):
    """The service answered with an error. The text is its `code`, such as "ResourceNotFoundException".

    `message` may quote what was sent. `answer` is the whole body, or empty if that is no JSON object.
    """

    def __init__(self, code: str, message: str, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status
        self.answer = answer

    @property
    def temporary(self) -> bool:
        """Whether the same request may succeed a moment later."""
        return self.status >= 500 or self.status == 429 or self.code in THROTTLING_CODES


class RefusedKeysError(ServiceError):
    """The service does not accept the keys or the signature: they expired, or are not known."""


class TransportError(AwsError):
    """A request got no answer. Whether it was delivered is unknown unless a subclass says so."""


class ConnectError(TransportError):
    """No connection within the time for it: refused, unreachable, not trusted, or the pool is busy."""


class ConnectionLostError(TransportError):
    """The connection ended before the answer was complete."""


class StaleConnectionError(ConnectionLostError):
    """A kept connection had ended before the first byte of an answer: the keep-alive race."""


class ResponseTimeoutError(TransportError):
    """The request was sent and no complete answer came in time."""


class InvalidResponseError(TransportError):
    """The answer is not HTTP/1.1 or not JSON, is damaged, or is larger than its bound."""
