"""Counts the outcomes of one fan-out in the order of the stream."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from .outcomes import Failed, Gone, Outcome, Recipient, Report, Sent, Slow, TooLarge

HANDSHAKE_WINDOW = 10_000
"""Milliseconds in which a new connection may be `Gone` because its handshake is incomplete (F06)."""

_UNPOSTED = Failed("Unposted", retry=True)
_RECENT = 100
_MANY = 10


@dataclass(slots=True)
class RecipientState:
    """A recipient's latest outcome, its tries, its `Slow` outcomes in a row, and whether it is finished."""

    recipient: Recipient
    outcome: Outcome = _UNPOSTED
    tries: int = 0
    refusals: int = 0
    finished: bool = False


class OutcomeCounter:
    """Counts finished recipients in the order of the stream, up to the first unfinished one."""

    def __init__(self, now: int, start: str | None) -> None:
        self._now = now
        self._start = start
        self._states: deque[RecipientState] = deque()
        self._recent: deque[bool] = deque(maxlen=_RECENT)
        self._last: Recipient | None = None
        self._counts: Counter[type[Outcome]] = Counter()
        self._ids: dict[type[Outcome], list[str]] = {Gone: [], Slow: [], Failed: []}
        self._reasons: Counter[str] = Counter()

    @property
    def throttled(self) -> bool:
        """Whether the account is throttled: ten of the last hundred recipients were refused (F17).

        Only first tries count, because the retries of one slow client would look like many clients.
        """
        return sum(self._recent) >= _MANY

    def may_be_in_handshake(self, recipient: Recipient) -> bool:
        """Tell whether a recipient may still be in its handshake."""
        return self._now - recipient.connected_at < HANDSHAKE_WINDOW

    def add(self, recipient: Recipient) -> RecipientState:
        """Add the next recipient of the stream."""
        state = RecipientState(recipient)
        self._states.append(state)
        return state

    def record(self, state: RecipientState, outcome: Outcome) -> None:
        """Record the outcome of one try."""
        if state.tries == 0:
            self._recent.append(isinstance(outcome, Slow))
        state.outcome = outcome
        state.tries += 1
        state.refusals = state.refusals + 1 if isinstance(outcome, Slow) else 0

    def finish(self, state: RecipientState) -> None:
        """Finish a recipient: its outcome is final."""
        state.finished = True
        while self._states and self._states[0].finished:
            self._count(self._states.popleft())

    def report(self, *, exhausted: bool) -> Report:
        """Return the report. `exhausted` says that the stream was read to its end."""
        throttled = self.throttled
        # After a cancelled retry the earlier outcome counts. But `Slow` on a throttled account says nothing
        # about the recipient.
        while self._states and self._has_outcome(self._states[0], throttled):
            self._count(self._states.popleft())
        complete = exhausted and not self._states
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
    def _has_outcome(state: RecipientState, throttled: bool) -> bool:
        return state.outcome is not _UNPOSTED and not (throttled and isinstance(state.outcome, Slow))

    def _count(self, state: RecipientState) -> None:
        outcome = state.outcome
        if isinstance(outcome, Gone) and self.may_be_in_handshake(state.recipient):
            outcome = Failed("HandshakePending", retry=True)
        if isinstance(outcome, Failed):
            self._reasons[outcome.reason] += 1
        ids = self._ids.get(type(outcome))
        if ids is not None:
            ids.append(state.recipient.connection_id)
        self._counts[type(outcome)] += 1
        self._last = state.recipient
