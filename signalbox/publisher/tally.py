"""What became of the recipients of one fan-out, counted in the order of the stream."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from .outcomes import Failed, Gone, Outcome, Recipient, Report, Sent, Slow, TooLarge

SETTLING = 10_000
"""Milliseconds in which a connection may be `Gone` because its handshake is not complete (F06)."""

_UNPOSTED = Failed("Unposted", retry=True)
_RECENT = 100
_MANY = 10


@dataclass(slots=True)
class Turn:
    """One recipient's: the latest outcome, how often in a row it was `Slow`, and whether that is the last."""

    recipient: Recipient
    outcome: Outcome = _UNPOSTED
    tries: int = 0
    refusals: int = 0
    over: bool = False


class Tally:
    """Counts the turns in the order of the stream, up to the first that is not over."""

    def __init__(self, now: int, start: str | None) -> None:
        self._now = now
        self._start = start
        self._turns: deque[Turn] = deque()
        self._recent: deque[bool] = deque(maxlen=_RECENT)
        self._last: Recipient | None = None
        self._counts: Counter[type[Outcome]] = Counter()
        self._ids: dict[type[Outcome], list[str]] = {Gone: [], Slow: [], Failed: []}
        self._reasons: Counter[str] = Counter()

    @property
    def throttled(self) -> bool:
        """Whether it is the account that is refused: ten of the hundred recipients tried last were (F17).

        Only first tries count. A slow client is refused again and again, and would soon look like many.
        """
        return sum(self._recent) >= _MANY

    def is_settling(self, recipient: Recipient) -> bool:
        """Tell whether a recipient may still be in its handshake."""
        return self._now - recipient.connected_at < SETTLING

    def begin(self, recipient: Recipient) -> Turn:
        """Open the turn of the next recipient of the stream."""
        turn = Turn(recipient)
        self._turns.append(turn)
        return turn

    def note(self, turn: Turn, outcome: Outcome) -> None:
        """Record the outcome of one try."""
        if turn.tries == 0:
            self._recent.append(isinstance(outcome, Slow))
        turn.outcome = outcome
        turn.tries += 1
        turn.refusals = turn.refusals + 1 if isinstance(outcome, Slow) else 0

    def end(self, turn: Turn) -> None:
        """Close a turn: its outcome stands."""
        turn.over = True
        while self._turns and self._turns[0].over:
            self._count(self._turns.popleft())

    def report(self, *, exhausted: bool) -> Report:
        """Sum up; `exhausted` says that the stream was read to its end."""
        throttled = self.throttled
        # Another try that was cut off leaves the outcome of the one before, which is as good as any: unless
        # that was the account's, and says nothing of the recipient.
        while self._turns and self._has_outcome(self._turns[0], throttled):
            self._count(self._turns.popleft())
        complete = exhausted and not self._turns
        reached = self._start if self._last is None else self._last.cursor
        return Report(
            recipients=self._counts.total(),
            sent=self._counts[Sent],
            gone=tuple(self._ids[Gone]),
            slow=tuple(self._ids[Slow]),
            too_large=self._counts[TooLarge],
            failed=tuple(self._ids[Failed]),
            reasons=dict(self._reasons),
            cursor=None if complete else reached,
            complete=complete,
            throttled=throttled and not complete,
        )

    @staticmethod
    def _has_outcome(turn: Turn, throttled: bool) -> bool:
        return turn.outcome is not _UNPOSTED and not (throttled and isinstance(turn.outcome, Slow))

    def _count(self, turn: Turn) -> None:
        outcome = turn.outcome
        if isinstance(outcome, Gone) and self.is_settling(turn.recipient):
            outcome = Failed("HandshakePending", retry=True)
        if isinstance(outcome, Failed):
            self._reasons[outcome.reason] += 1
        ids = self._ids.get(type(outcome))
        if ids is not None:
            ids.append(turn.recipient.connection_id)
        self._counts[type(outcome)] += 1
        self._last = turn.recipient
