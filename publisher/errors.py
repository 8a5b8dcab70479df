"""What the publisher raises.

PublisherError
├── CredentialsError             no AWS credentials, or they could not be refreshed
├── FanOutError                  the recipients could not be read to the end; carries the report
├── FrameTooLargeError           a frame over API Gateway's limit: nothing was sent
├── InvalidSliceError            a message of the queue that is not one of ours, or of another release
├── QueueError                   the queue did not take everything; some of it may be in it
└── TransportError               a request without an answer
    ├── ConnectError             no connection in time: nothing was sent
    ├── ConnectionLostError      the connection ended inside the exchange
    │   └── StaleConnectionError …a kept one, and before the first byte of an answer
    ├── ResponseTimeoutError     sent, and no answer in time
    └── InvalidResponseError     an answer that is not HTTP/1.1, or over its bound
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tally import Report


class PublisherError(Exception):
    """The root of everything this package raises."""


class CredentialsError(PublisherError):
    """There are no AWS credentials, or they could not be refreshed."""


class TransportError(PublisherError):
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


class FanOutError(PublisherError):
    """A fan-out whose recipients could not be read to the end; `__cause__` says why.

    `report` covers what was done, and its cursor is where to go on.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(f"the recipients could not be read to the end, after {report.recipients}")
        self.report = report


class FrameTooLargeError(PublisherError):
    """A frame of more bytes than API Gateway takes (W23, W30); nothing was stored or sent."""


class InvalidSliceError(PublisherError):
    """A message that is not a slice of a broadcast, or is of a release that this one does not know."""


class QueueError(PublisherError):
    """The queue is throttled, unreachable or missing. What was put there before the failure stays in it."""
