"""What the local gateway costs, beside serverless-offline: round trips, idle connections, the start.

    python -m benchmarks.gateway [--rounds 5] [--messages 2000] [--connections 10000]

Both run the handler of benchmarks/peers/echo.py, all sides in turn. Processor time is that of the gateway
and of everything it has started. It needs Linux, for /proc, and Node.js for serverless-offline:

    npm ci --prefix benchmarks/peers
"""

import argparse
import asyncio
import os
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from websockets.asyncio.client import ClientConnection, connect

from .tree import processor_seconds, resident_bytes

PEERS = Path(__file__).with_name("peers")
OURS = (sys.executable, "-m", "signalbox", "gateway", "--handler", "echo.handler", "--sandbox")
SIDES: dict[str, tuple[str, ...]] = {
    "signalbox, socket sandboxes": (*OURS, "socket"),
    "signalbox, awslambdaric": (*OURS, "runtime"),
    "serverless-offline 14.8.2": ("node", "offline.mjs"),
}
WAYS = {"route response": "reply " + "x" * 122, "`@connections`": "post " + "x" * 123}
"""What makes the handler answer this way or that, 128 bytes each."""

CLIENTS = 16
WARM_UP = 200
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A gateway that listens: where, its process, and the seconds until it took its first connection."""

    port: int
    path: str
    pid: int
    started_in: float

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://127.0.0.1:{self.port}{self.path}"


@contextmanager
def serving(name: str) -> Iterator[Server]:
    """The gateway called `name`, once it has accepted a connection."""
    command, (port, spare) = SIDES[name], _free_ports()
    theirs = command[0] == "node"
    command += (str(port), str(spare)) if theirs else ("--port", str(port))
    path = "" if theirs else "/local"
    environment = os.environ | {"VIRTUAL_ENV": sys.prefix, "PYTHONPATH": str(PEERS.parent.parent)}
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own
        command, cwd=PEERS, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not (line := _handshake(port, path)):
            assert process.poll() is None, f"{name} does not start"
            assert time.perf_counter() < began + PATIENCE, f"{name} does not answer"
            time.sleep(0.01)
        line.close()
        yield Server(port, path, process.pid, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def main() -> None:
    """Measure and print three tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description="what a gateway costs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--connections", type=int, default=10_000)
    options = parser.parse_args()
    if not Path("/proc/self/stat").exists():
        print("\nWhat the local gateway costs is not measured here: there is no /proc.")
        return
    if len(sides()) < len(SIDES):
        print("\nserverless-offline is not installed, and left out: npm ci --prefix benchmarks/peers")
    _print_starts({name: [_start(name) for _ in range(options.rounds)] for name in sides()})
    for way, spent in _round_trips(options.rounds, options.messages).items():
        _print_round_trips(way, spent)
    _print_memory({name: _idle_bytes(name, options.connections) for name in sides()}, options.connections)


def sides() -> list[str]:
    """Those of `SIDES` that can be measured here."""
    theirs = shutil.which("node") and (PEERS / "node_modules").is_dir()
    return [name for name, command in SIDES.items() if command[0] != "node" or theirs]


def _start(name: str) -> float:
    with serving(name) as server:
        return server.started_in


def _round_trips(rounds: int, messages: int) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """By way and side, for each round the CPU-µs and the µs of wall time a message took."""
    spent: dict[str, dict[str, list[tuple[float, float]]]] = {
        way: {name: [] for name in sides()} for way in WAYS
    }
    with ExitStack() as stack:
        servers = {name: stack.enter_context(serving(name)) for name in sides()}
        for _ in range(rounds):
            for way, message in WAYS.items():
                for name, server in servers.items():
                    spent[way][name].append(asyncio.run(_talk(server, message, messages)))
    return spent


async def _talk(server: Server, message: str, messages: int) -> tuple[float, float]:
    clients = [await connect(server.url, compression=None) for _ in range(CLIENTS)]
    await _say(clients, message, WARM_UP)
    processor, wall = processor_seconds(server.pid), time.perf_counter()
    await _say(clients, message, messages)
    wall, processor = time.perf_counter() - wall, processor_seconds(server.pid) - processor
    await asyncio.gather(*(client.close() for client in clients))
    return 1e6 * processor / messages, 1e6 * wall / messages


async def _say(clients: list[ClientConnection], message: str, times: int) -> None:
    async def say(client: ClientConnection) -> None:
        for _ in range(times // CLIENTS):
            await client.send(message)
            reply = await client.recv()
            assert reply == message, reply

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*map(say, clients))


def _idle_bytes(name: str, connections: int) -> float:
    """Memory an open connection costs the process that holds it, on the average."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with serving(name) as server, ExitStack() as stack:
        for _ in range(WARM_UP):
            _hold(stack, server)
        before = resident_bytes(server.pid)
        for _ in range(connections):
            _hold(stack, server)
        return (resident_bytes(server.pid) - before) / connections


def _hold(stack: ExitStack, server: Server) -> None:
    line = _handshake(server.port, server.path)
    assert line
    stack.enter_context(line)


def _handshake(port: int, path: str) -> socket.socket | None:
    """An open WebSocket; None when nobody listens."""
    try:
        line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    except ConnectionRefusedError:
        return None
    line.sendall(
        f"GET {path or '/'} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nUser-Agent: benchmark/1\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    assert line.recv(4_096).startswith(b"HTTP/1.1 101 ")
    return line


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _print_starts(seconds: dict[str, list[float]]) -> None:
    print("\n| start | s to the first connection, median (lowest to highest) | times ours |\n|---|---|---|")
    ours = median(next(iter(seconds.values())))
    for name, each in seconds.items():
        print(f"| {name} | {_spread(each, '.2f')} | {median(each) / ours:.1f} |")


def _print_round_trips(way: str, spent: dict[str, list[tuple[float, float]]]) -> None:
    print(f"\n| a message, {way} | CPU-µs, median (lowest to highest) | messages/s | times our CPU |")
    print("|---|---|---|---|")
    ours = median(cpu for cpu, _ in next(iter(spent.values())))
    for name, rounds in spent.items():
        rate = 1e6 / median(wall for _, wall in rounds)
        cpu = [cpu for cpu, _ in rounds]
        print(f"| {name} | {_spread(cpu, '.0f')} | {rate:,.0f} | {median(cpu) / ours:.1f} |")


def _print_memory(idle: dict[str, float], connections: int) -> None:
    print(f"\n| {connections:,} idle connections | KB each | times ours |\n|---|---|---|")
    ours = next(iter(idle.values()))
    for name, each in idle.items():
        print(f"| {name} | {each / 1_000:.1f} | {each / ours:.1f} |")


def _spread(values: list[float], form: str) -> str:
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


if __name__ == "__main__":
    main()
