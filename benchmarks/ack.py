"""How long somebody who broadcasts waits for the answer, by the number of recipients, against the local run.

    python -m benchmarks.ack [--recipients 10 1000 10000] [--broadcasts 5] [--url WS]

The next broadcast begins when everybody has the one before.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter_ns

from signalbox.load_test.arguments import allow_files
from signalbox.load_test.sockets.connection import Connection
from signalbox.load_test.sockets.dialer import Dialer
from signalbox.load_test.sockets.handshake import parse_address
from signalbox.testing.local_run import start_local_run

ROOT = Path(__file__).resolve().parent.parent

AT_ONCE = 50
"""Handshakes under way at a time."""

PATIENCE = 300.0
_SPARE = 64


class Crowd:
    """Connections to the backend; the first one broadcasts."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._connections: list[Connection] = []
        self._missing = 0
        self._answered: asyncio.Future[int] | None = None
        self._delivered = asyncio.Event()

    async def grow(self, size: int) -> None:
        """Open connections until there are `size`. Raises OpeningError."""
        missing = iter(range(len(self._connections), size))

        async def open_some() -> None:
            for index in missing:
                self._connections.append(await self._dialer.open(self, index))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(open_some())

    async def broadcast(self) -> tuple[float, float]:
        """The seconds until the answer, and until everybody had the message."""
        self._answered = asyncio.get_running_loop().create_future()
        self._missing = len(self._connections)
        self._delivered.clear()
        started = perf_counter_ns()
        self._connections[0].send(b'{"action":"broadcast","id":1,"data":"hello"}')
        async with asyncio.timeout(PATIENCE):
            answered = await self._answered
            await self._delivered.wait()
        return (answered - started) / 1e9, (perf_counter_ns() - started) / 1e9

    def receive(self, index: int, payload: bytes, now: int) -> None:
        """Take the answer, or one more delivery."""
        frame = json.loads(payload)
        match frame.get("type"):
            case "message":
                self._missing -= 1
                if not self._missing:
                    self._delivered.set()
            case "broadcast.sent" if self._answered:
                self._answered.set_result(now)
            case "error" | None:
                raise SystemExit(f"connection {index} got {frame}")

    def lose(self, index: int, code: int) -> None:
        """Nobody should leave."""
        raise SystemExit(f"connection {index} was closed with {code}")

    def leave(self) -> None:
        """End them all."""
        for connection in self._connections:
            connection.cut()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ack", description="how long an answer takes")
    parser.add_argument("--recipients", type=int, nargs="+", default=[10, 1_000, 10_000])
    parser.add_argument("--broadcasts", type=int, default=5)
    parser.add_argument("--url", help="a backend without other connections, instead of a local run")
    options = parser.parse_args(arguments)
    allow_files(max(options.recipients) + _SPARE)
    sizes = sorted(options.recipients)
    if options.url:
        asyncio.run(_measure(options.url, sizes, options.broadcasts))
        return
    with tempfile.TemporaryDirectory() as folder, start_local_run(ROOT, Path(folder, "output")) as run:
        asyncio.run(_measure(run.websocket_url, sizes, options.broadcasts))


async def _measure(url: str, sizes: list[int], broadcasts: int) -> None:
    print("\n| recipients | answer after ms, median (range) | everybody had it after s |\n|---|---|---|")
    dialer = Dialer(parse_address(url, None))
    await dialer.resolve()
    crowd = Crowd(dialer)
    try:
        for size in sizes:
            await crowd.grow(size)
            _, *rounds = [await crowd.broadcast() for _ in range(broadcasts + 1)]  # the first warms up
            answers = [1000 * answered for answered, _ in rounds]
            spread = f"{median(answers):.0f} ({min(answers):.0f} to {max(answers):.0f})"
            everybody = median(delivered for _, delivered in rounds)
            print(f"| {size:,} | {spread} | {everybody:.2f} |", flush=True)
    finally:
        crowd.leave()


if __name__ == "__main__":
    main()
