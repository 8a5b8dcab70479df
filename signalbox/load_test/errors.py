"""What keeps the load test, or one connection of it, from its work.

LoadTestError
├── UsageError         the run cannot begin as it was asked for          exit 2
├── OpeningError       one connection did not come about
│   ├── RefusedError       the server answered, and not with 101
│   └── UnreachableError   nobody answered, or not in WebSocket
└── FramingError       an open connection broke RFC 6455
"""


class LoadTestError(Exception):
    """The base of them all; its text is meant for the user."""


class UsageError(LoadTestError):
    """An argument is wrong, or more is asked for than this machine allows."""


class OpeningError(LoadTestError):
    """A connection did not come about."""


class RefusedError(OpeningError):
    """The handshake was answered with the HTTP `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused: HTTP {status}")
        self.status = status


class UnreachableError(OpeningError):
    """Nobody answered the handshake, or the answer is not one."""


class FramingError(LoadTestError):
    """What arrived is not what RFC 6455 allows; `code` is the close code that says so."""

    def __init__(self, code: int, problem: str) -> None:
        super().__init__(problem)
        self.code = code
