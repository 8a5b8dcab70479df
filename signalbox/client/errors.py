"""What can go wrong with a client. Each text is a sentence for a person, each exit code the command line's.

ClientError
├── AddressError      the address is not that of a WebSocket                   exit 2
├── PositionError     a text is not a position                                 exit 2
├── CommandError      what was typed is not a command; the client goes on
├── UnsendableError   a request the server could not read, not sent; the client goes on
│   └── TooLargeError   a frame too large for API Gateway
├── RefusedError      no connection came about                                 exit 3
├── RequestError      the server answered a request with an error              exit 1
├── DismissedError    the server ended the connection, and wants no other      exit 1
├── MalformedError    the server answered a request with what is no answer   exit 1
├── SubscribedError   the channel is subscribed to already
├── ClosedError       the connection or the client was closed, and normally    exit 0
├── UnsentError       lines were not sent                                      exit 1
├── LostError         an open connection ended, and not normally               exit 1
└── UnansweredError   requests were left without an answer                     exit 1
"""

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """The base of them all; its text is meant for the user."""

    exit_code = 1


class AddressError(ClientError):
    """The address cannot be one of a WebSocket."""

    exit_code = 2


class PositionError(ClientError):
    """A text cannot be a position in a channel."""

    exit_code = 2


class CommandError(ClientError):
    """A typed line begins like a command and is none."""


class UnsendableError(ClientError):
    """The request is what the server refuses without saying which it was (``bad_request``); not sent."""


class TooLargeError(UnsendableError):
    """The frame is larger than API Gateway takes (32 KB, W77) and was not sent."""


class RefusedError(ClientError):
    """Nobody answered, or the answer was no: then ``status`` is that of the handshake."""

    exit_code = 3

    def __init__(self, words: str, status: int | None = None) -> None:
        super().__init__(words)
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
    """The server has ended the connection and does not want the client back; its ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the server ended the connection: {code}")
        self.code = code


class MalformedError(ClientError):
    """The server answered, and the answer makes no sense."""


class SubscribedError(ClientError):
    """The client is subscribed to this channel already."""


class ClosedError(ClientError):
    """The connection was closed, and normally (1000, or without a code), or the client was."""

    exit_code = 0


class UnsentError(ClientError):
    """Lines of the input could not be sent; each was said as it was met."""


class LostError(ClientError):
    """The connection was open and broke, or the server closed it before the work was done."""


class UnansweredError(ClientError):
    """Requests were still waiting for their answer when the input, or their time, was over."""
