"""Errors of the load test.

LoadTestError
├── UsageError         the run cannot begin with these options           exit 2
├── OpeningError       a connection could not be opened
│   ├── RefusedError       the server answered with another status than 101
│   └── UnreachableError   no server answered, or not with WebSocket
└── FramingError       an open connection broke RFC 6455
"""


class LoadTestError(Exception):
    """The base class. Its text is meant for the user."""


class UsageError(LoadTestError):
    """An option is wrong, or this machine does not allow it."""


class OpeningError(LoadTestError):
    """A connection could not be opened."""


class RefusedError(OpeningError):
    """The server answered the handshake with the HTTP `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused: HTTP {status}")
        self.status = status


class UnreachableError(OpeningError):
    """No server answered the handshake, or not with WebSocket."""


class FramingError(LoadTestError):
    """The server broke RFC 6455. `code` is the close code for it."""

    def __init__(self, code: int, problem: str) -> None:
        super().__init__(problem)
        self.code = code
