"""Errors of requests to AWS.

AwsError
├── CredentialsError             no AWS credentials, or they could not be refreshed
└── TransportError               a request without an answer
    ├── ConnectError             no connection in time: nothing was sent
    ├── ConnectionLostError      the connection ended inside the exchange
    │   └── StaleConnectionError …a kept one, and before the first byte of an answer
    ├── ResponseTimeoutError     sent, and no answer in time
    └── InvalidResponseError     an answer that is not HTTP/1.1, or over its bound
"""


class AwsError(Exception):
    """Base class of this package's errors."""


class CredentialsError(AwsError):
    """There are no AWS credentials, or they could not be refreshed."""


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
    """The answer is not HTTP/1.1, or is larger than its bound."""
