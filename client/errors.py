"""What the command-line client tells its user in one sentence, and the exit code that goes with it.

ClientError
├── AddressError      the address is not that of a WebSocket                   exit 2
├── CommandError      what was typed is not a command; the client goes on
├── TooLargeError     a frame too large for API Gateway, not sent; the client goes on
├── RefusedError      no connection came about                                 exit 3
├── ClosedError       the server closed the connection, and normally           exit 0
├── UnsentError       lines were not sent                                      exit 1
├── LostError         an open connection ended, and not normally               exit 1
└── UnansweredError   requests were left without an answer                     exit 1
"""


class ClientError(Exception):
    """The base of them all; its text is meant for the user."""

    exit_code = 1


class AddressError(ClientError):
    """The address cannot be one of a WebSocket."""

    exit_code = 2


class CommandError(ClientError):
    """A typed line begins like a command and is none."""


class TooLargeError(ClientError):
    """The frame is larger than API Gateway takes (32 KB, W77) and was not sent."""


class RefusedError(ClientError):
    """Nobody answered, or the answer was no."""

    exit_code = 3


class ClosedError(ClientError):
    """The server closed the connection, and normally (1000, or without a code)."""

    exit_code = 0


class UnsentError(ClientError):
    """Lines of the input could not be sent; each was said as it was met."""


class LostError(ClientError):
    """The connection was open and broke, or the server closed it before the work was done."""


class UnansweredError(ClientError):
    """The input ended and requests were still waiting for their answer."""
