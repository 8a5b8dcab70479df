"""Errors of the client. Each text is a sentence for a person, each exit code the command line's.

ClientError
├── AddressError      the address is not that of a WebSocket                        exit 2
├── PositionError     a text is not a position                                      exit 2
├── CommandError      a typed line is not a command; the client goes on
├── UnsendableError   the server could not read a request, not sent; the client goes on
│   └── TooLargeError   a frame too large for API Gateway
├── RefusedError      no connection could be opened                                 exit 3
├── RequestError      the server answered a request with an error                   exit 1
├── DisconnectedError the server ended the connection and refuses another one       exit 1
├── MalformedError    the server's answer does not follow the protocol              exit 1
├── SubscribedError   the channel is subscribed to already
├── ClosedError       the connection or the client was closed normally              exit 0
├── UnsentError       lines were not sent                                           exit 1
├── LostError         an open connection broke or was closed for a reason           exit 1
└── UnansweredError   requests were left without an answer                          exit 1
"""

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """The base class. Its text is meant for the user."""

    exit_code = 1


class AddressError(ClientError):
    """The address cannot be one of a WebSocket."""

    exit_code = 2


class PositionError(ClientError):
    """A text cannot be a position in a channel."""

    exit_code = 2


class CommandError(ClientError):
    """A typed line begins with a slash, but is not a command."""


class UnsendableError(ClientError):
    """The request was not sent. The server could not read it and could not name it (``bad_request``)."""


class TooLargeError(UnsendableError):
    """The frame was not sent. It is larger than API Gateway allows (32 KB, W77)."""


class RefusedError(ClientError):
    """The server refused the handshake, with ``status``, or no server answered."""

    exit_code = 3

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class RequestError(ClientError):
    """The server's error frame: its ``code``, whether to ``retry``, and after how many seconds at least."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.code = str(fields.get("code"))
        self.retry = fields.get("retry") is True
        pause = fields.get("retry_after")
        self.retry_after = float(pause) if isinstance(pause, int | float) else 0.0
        self.fields = fields
        super().__init__(f"the server refused: {self.code} (request {fields.get('request_id')})")


class DisconnectedError(ClientError):
    """The server has ended the connection and refuses another one. Its ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the server ended the connection: {code}")
        self.code = code


class MalformedError(ClientError):
    """The server's answer does not follow the protocol."""


class SubscribedError(ClientError):
    """The client is subscribed to this channel already."""


class ClosedError(ClientError):
    """The connection was closed normally (1000, or without a code), or the client was closed."""

    exit_code = 0


class UnsentError(ClientError):
    """Some lines of the input could not be sent. A note named each of them before."""


class LostError(ClientError):
    """The connection broke, or the server closed it before the work was done."""


class UnansweredError(ClientError):
    """A request got no answer before the input or its time was over."""


def explain_missing_package(error: ModuleNotFoundError) -> str:
    """Return one line that says how to install the packages of the client."""
    return f"signalbox client needs the package {error.name}: pip install 'signalbox[client]'"
