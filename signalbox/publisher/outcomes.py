"""What becomes of a frame: one outcome a recipient, and the report of a whole fan-out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from .errors import PublisherError


@dataclass(frozen=True, slots=True)
class Sent:
    """API Gateway took it. Whether the client read it is unknown."""


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such connection: it ended, or its handshake is not complete yet (W21, W22)."""


@dataclass(frozen=True, slots=True)
class Slow:
    """Refused for now (429): the client does not read, or the account sends too much (W17)."""


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The frame is over API Gateway's limit; the connection is not affected (W23)."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not work. `reason` is a word for logs and metrics; `retry`: it may work next time."""

    reason: str
    retry: bool


Outcome = Sent | Gone | Slow | TooLarge | Failed


class Recipient(Protocol):
    """Whom a frame goes to. A stream resumed with `cursor` yields everybody after this one."""

    @property
    def connection_id(self) -> str:
        """Where to post."""
        ...

    @property
    def connected_at(self) -> int:
        """When it connected, in epoch milliseconds."""
        ...

    @property
    def cursor(self) -> str:
        """Its place in the stream."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the recipients up to `cursor`: each is in exactly one of the counts.

    `recipients` = `sent` + `too_large` + the lengths of `gone`, `slow` and `failed`, which hold connection
    ids. `gone` are those to prune. `failed` keep their rows: `reasons` counts what went wrong, and those
    that may still be in their handshake are among them. `cursor` is None when everybody had their turn, or
    when nobody had one yet and the stream began at its beginning: `complete` tells these apart. `throttled`
    says that the account was being refused at the end: who goes on should wait a little.
    """

    recipients: int = 0
    sent: int = 0
    gone: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()
    too_large: int = 0
    failed: tuple[str, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict)
    cursor: str | None = None
    complete: bool = True
    throttled: bool = False


class FanOutError(PublisherError):
    """A fan-out whose recipients could not be read to the end; `__cause__` says why.

    `report` covers what was done, and its cursor is where to go on.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(f"the recipients could not be read to the end, after {report.recipients}")
        self.report = report
