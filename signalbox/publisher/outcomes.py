"""The outcome of a frame for one recipient, and the report of a whole fan-out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from .errors import PublisherError


@dataclass(frozen=True, slots=True)
class Sent:
    """API Gateway accepted the frame. Whether the client read it is unknown."""


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such connection. It ended, or its handshake is not complete yet (W21, W22)."""


@dataclass(frozen=True, slots=True)
class Slow:
    """Refused with 429. Either the client does not read, or the account is throttled (W17)."""


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The frame exceeds API Gateway's limit. The connection is not affected (W23)."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The post failed. `reason` is a word for logs and metrics. With `retry`, a retry may succeed."""

    reason: str
    retry: bool


Outcome = Sent | Gone | Slow | TooLarge | Failed


class Recipient(Protocol):
    """A recipient of a frame. A stream resumed at `cursor` yields the recipients after this one."""

    @property
    def connection_id(self) -> str:
        """The connection to post to."""
        ...

    @property
    def connected_at(self) -> int:
        """The instant of its handshake in epoch milliseconds."""
        ...

    @property
    def cursor(self) -> str:
        """Its position in the stream."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """The outcomes of the recipients up to `cursor`. Each recipient is in exactly one of the counts.

    `gone`, `slow` and `failed` hold connection ids. `recipients` is the sum of their lengths, `sent` and
    `too_large`. Prune `gone`, and keep `failed`: some of them may still be in their handshake. `reasons`
    counts the failures by reason.

    Resume at `cursor` unless `complete` is true. A `cursor` of None then means the beginning of the stream.
    `throttled` says that the account was throttled at the end, so wait a little before you resume.
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
    """Reading the recipients of a fan-out failed. `__cause__` is the reason.

    `report` covers the recipients that were served. Resume at its cursor.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(f"reading the recipients failed after {report.recipients}. Resume at report.cursor.")
        self.report = report
