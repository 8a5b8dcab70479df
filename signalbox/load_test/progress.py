"""How far a run is, while it runs."""

import asyncio
import shutil
from time import perf_counter
from typing import TextIO

from .ledger import Tally
from .run import LoadTest


class Progress:
    """Writes to `stream`: one line again and again on a terminal, a line every few seconds otherwise."""

    def __init__(self, test: LoadTest, stream: TextIO) -> None:
        self._test = test
        self._stream = stream
        self._live = stream.isatty()
        self._before = (perf_counter(), 0, 0)

    async def show(self) -> None:
        """Write until cancelled."""
        try:
            while True:
                await asyncio.sleep(0.5 if self._live else 5.0)
                self._write(self._line())
        finally:
            if self._live:
                self._stream.write("\r\x1b[K")
                self._stream.flush()

    def _write(self, line: str) -> None:
        if self._live:
            line = f"\r\x1b[K{line[: shutil.get_terminal_size().columns - 1]}"
        self._stream.write(line if self._live else f"{line}\n")
        self._stream.flush()

    def _line(self) -> str:
        if not self._test.tallies:
            return "looking the address up"
        tally, (then, opened, decided) = self._test.tallies[-1], self._before
        self._before = now, opened_now, decided_now = (
            perf_counter(),
            self._test.open_connections,
            _decided(tally),
        )
        if self._test.opening:
            return self._opening(tally, (opened_now - opened) / (now - then))
        return self._delivering(tally, max(0.0, (decided_now - decided) / (now - then)))

    def _opening(self, tally: Tally, rate: float) -> str:
        return (
            f"{tally.phase}: {self._test.open_connections:,} connections open, {self._test.opening:,} to go, "
            f"{max(rate, 0):,.0f}/s, {_eta(self._test.opening, rate)}"
        )

    def _delivering(self, tally: Tally, rate: float) -> str:
        unsent = self._test.unsent
        remaining = tally.outstanding + unsent * tally.connections
        sending = unsent * self._test.plan.interval
        return (
            f"{tally.phase}: {tally.broadcasts:,} of {tally.broadcasts + unsent:,} broadcasts sent, "
            f"{tally.received:,} of {tally.expected:,} deliveries, {rate:,.0f}/s, lost {tally.lost:,}, "
            f"p99 {tally.latency.percentile(99) / 1000:,.0f} ms, {_eta(remaining, rate, sending)}"
        )


def _decided(tally: Tally) -> int:
    return tally.expected - tally.outstanding


def _eta(remaining: int, rate: float, at_least: float = 0.0) -> str:
    if not remaining:
        return "done"
    return f"{max(remaining / rate, at_least):,.0f} s left" if rate > 0 else "no progress"
