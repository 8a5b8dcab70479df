"""What those who write notice of a broadcast: latency of inbound messages, with and without the send budget.

    python -m benchmarks.inbound [--recipients 5000] [--rounds 3]

Posts and inbound messages draw on one quota of the account (F16): here a tenth of the usual one, on the local
gateway. A message that is refused is sent again after 0.1 s, as a client does, and its latency goes on.
"""

import argparse
import asyncio
import gc
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from math import inf
from statistics import median

from websockets.asyncio.client import ClientConnection, connect

from signalbox.load_test.arguments import allow_files
from signalbox.load_test.sockets.connection import Connection
from signalbox.load_test.sockets.dialer import Dialer
from signalbox.load_test.sockets.handshake import parse_address

RATE, BURST = 1_000, 500
BUDGETS = {"no broadcast": None, "broadcast, 30 % of the quota": 0.3 * RATE, "broadcast, no budget": inf}
"""Posts a second; None is no broadcast."""

WRITERS = 20
PERIOD = 0.1
IDLE = 3.0
_REFUSED_PAUSE = 0.1


@dataclass(slots=True)
class Round:
    """What the writers noticed while one broadcast lasted."""

    latencies: list[float] = field(default_factory=list)
    """Seconds from when a message was due to its answer."""
    refused: int = 0
    """How often a message was refused."""
    seconds: float = 0.0
    """How long the broadcast took."""
    over: bool = False

    @property
    def p99(self) -> float:
        """The latency, in milliseconds, that 99 of 100 messages did not exceed."""
        return 1000 * sorted(self.latencies)[len(self.latencies) * 99 // 100]


class Audience:
    """Connections that only listen."""

    def __init__(self) -> None:
        self.ids: dict[int, str] = {}

    def receive(self, index: int, payload: bytes, now: int) -> None:
        """Learn a connection's id from the first answer."""
        del now
        if index not in self.ids:
            self.ids[index] = payload.decode().split('"')[3]

    def lose(self, index: int, code: int) -> None:
        """Nobody should leave."""
        raise SystemExit(f"connection {index} was closed with {code}")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inbound", description="inbound latency")
    parser.add_argument("--recipients", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    allow_files(options.recipients + 2 * WRITERS)
    results = asyncio.run(_measure(options.recipients, options.rounds))
    print(
        f"\n| inbound, {options.recipients:,} recipients | p99 ms, median (range) | refused | broadcast, s |"
    )
    print("|---|---|---|---|")
    for name, rounds in results.items():
        spent = [each.p99 for each in rounds]
        refused = sum(each.refused for each in rounds) / sum(len(each.latencies) for each in rounds)
        took = median(each.seconds for each in rounds)
        spread = f"{median(spent):.0f} ({min(spent):.0f} to {max(spent):.0f})"
        print(f"| {name} | {spread} | {refused:.0%} | {took:.1f} |")


async def _measure(recipients: int, rounds: int) -> dict[str, list[Round]]:
    results: dict[str, list[Round]] = {name: [] for name in BUDGETS}
    async with AsyncExitStack() as stack:
        url, endpoint = await stack.enter_async_context(_stage())
        ids = await stack.enter_async_context(_audience(url, recipients))
        writers = [await stack.enter_async_context(connect(url, proxy=None)) for _ in range(WRITERS)]
        gc.collect()
        gc.freeze()  # a collection over all those connections would look like a slow answer
        for _ in range(rounds):
            for name, budget in BUDGETS.items():
                results[name].append(await _play(writers, endpoint, ids, budget))
    return results


async def _play(
    writers: list[ClientConnection], endpoint: str, ids: list[str], budget: float | None
) -> Round:
    await asyncio.sleep(BURST / RATE)  # the quota is whole again
    played = Round()
    async with asyncio.TaskGroup() as tasks:
        for number, writer in enumerate(writers):
            tasks.create_task(_write(writer, played, PERIOD * number / WRITERS))
        if budget is None:
            await asyncio.sleep(IDLE)
        else:
            played.seconds = await _broadcast(endpoint, ids, budget)
        played.over = True
    return played


async def _write(writer: ClientConnection, played: Round, start: float) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time() + start
    while not played.over:
        await asyncio.sleep(due - loop.time())
        await writer.send("{}")
        while "Too Many" in await writer.recv():
            played.refused += 1
            await asyncio.sleep(_REFUSED_PAUSE)
            await writer.send("{}")
        played.latencies.append(loop.time() - due)
        due = max(due + PERIOD, loop.time())


async def _broadcast(endpoint: str, ids: list[str], budget: float) -> float:
    command = (sys.executable, "-m", "benchmarks.broadcasting", endpoint, str(budget))
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    output, _ = await process.communicate("\n".join(ids).encode())
    seconds, sent = output.split()
    assert int(sent) == len(ids)
    return float(seconds)


@asynccontextmanager
async def _audience(url: str, size: int) -> AsyncIterator[list[str]]:
    audience, dialer = Audience(), Dialer(parse_address(url, None))
    await dialer.resolve()
    connections: list[Connection] = []
    try:
        for index in range(size):
            await asyncio.sleep(2 / RATE)  # a handshake and a message
            connections.append(await dialer.open(audience, index))
            connections[-1].send(b"{}")
        while len(audience.ids) < size:
            await asyncio.sleep(0.1)
        yield list(audience.ids.values())
    finally:
        for connection in connections:
            connection.cut()


@asynccontextmanager
async def _stage() -> AsyncIterator[tuple[str, str]]:
    command = (sys.executable, "-m", "benchmarks.stage", str(RATE), str(BURST))
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    assert process.stdin
    assert process.stdout
    try:
        url, endpoint = (await process.stdout.readline()).decode().split()
        yield url, endpoint
    finally:
        process.stdin.close()
        await process.wait()


if __name__ == "__main__":
    main()
