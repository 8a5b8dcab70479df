"""The progress of a run, while it runs."""

import asyncio
import shutil
from time import perf_counter
from typing import TextIO

from .deliveries import PhaseCounts
from .run import LoadTest


class Progress:
    """Writes progress to `stream`: one line that is rewritten on a terminal, otherwise one line every 5 s."""

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
        if not self._test.phase_counts:
            return "looking the address up"
        counts, (then, opened, decided) = self._test.phase_counts[-1], self._before
        self._before = now, opened_now, decided_now = (
            perf_counter(),
            self._test.open_connections,
            _decided(counts),
        )
        if self._test.opening:
            return self._opening(counts, (opened_now - opened) / (now - then))
        return self._delivering(counts, max(0.0, (decided_now - decided) / (now - then)))

    def _opening(self, counts: PhaseCounts, rate: float) -> str:
        return (
            f"{counts.phase}: {self._test.open_connections:,} connections open, "
            f"{self._test.opening:,} to go, {max(rate, 0):,.0f}/s, {_eta(self._test.opening, rate)}"
        )

    def _delivering(self, counts: PhaseCounts, rate: float) -> str:
        unsent = self._test.unsent
        remaining = counts.outstanding + unsent * counts.connections
        sending = unsent * self._test.plan.interval
        return (
            f"{counts.phase}: {counts.broadcasts:,} of {counts.broadcasts + unsent:,} broadcasts sent, "
            f"{counts.received:,} of {counts.expected:,} deliveries, {rate:,.0f}/s, lost {counts.lost:,}, "
            f"p99 {counts.latency.percentile(99) / 1000:,.0f} ms, {_eta(remaining, rate, sending)}"
        )


def _decided(counts: PhaseCounts) -> int:
    return counts.expected - counts.outstanding


def _eta(remaining: int, rate: float, at_least: float = 0.0) -> str:
    if not remaining:
        return "done"
    return f"{max(remaining / rate, at_least):,.0f} s left" if rate > 0 else "no progress"
