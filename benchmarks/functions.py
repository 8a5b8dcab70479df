"""How soon each function answers its first event, and the memory it holds after many.

    python -m benchmarks.functions [--events 10000]

Each runs in a process of its own, modules compiled, against a table in another process. The first answer is
counted from the start of the process.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from .aws import ENVIRONMENT, fill, table
from .aws_way import LIMITS, NAME

SETTINGS = {
    "TABLE_NAME": NAME,
    "ALLOW_GUESTS": "true",
    "JWT_ISSUER": "https://id.example.com",
    "JWT_AUDIENCE": "chat",
    "FANOUT_QUEUE_URL": "http://127.0.0.1/queue",
    **LIMITS,
}
METHOD_ARN = "arn:aws:execute-api:us-east-1:123456789012:abc123/dev/$connect"
WARM = 1_000
"""Events after which a process has what it needs for long."""


class Context:
    """The part of Lambda's context that the functions look at."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left of an invocation that has just begun."""
        return 25_000


def _message(number: int) -> dict[str, Any]:
    return _event("MESSAGE", 0, body='{"action":"ping"}') if number else _event("CONNECT", 0, headers={})


def _handshake(number: int) -> dict[str, Any]:
    return {
        **_event("CONNECT", number, headers={"Origin": "https://app.example.com"}),
        "methodArn": METHOD_ARN,
    }


def _slice(number: int) -> dict[str, Any]:
    body = {"v": 1, "broadcast_id": f"b{number}", "shard": 0, "issued_at": 1, "number": 1, "cursor": None}
    record = {"messageId": f"m{number}", "body": json.dumps(body), "eventSource": "aws:sqs"}
    return {"Records": [{**record, "attributes": {"ApproximateFirstReceiveTimestamp": "1"}}]}


def _minute(_: int) -> dict[str, Any]:
    return {"time": datetime.now(UTC).isoformat()}


EVENTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "websocket": _message,
    "authorizer": _handshake,
    "worker": _slice,
    "sweeper": _minute,
}
"""Each function's events: a ping, a guest's handshake, a slice of a broadcast that has ended, a sweep."""


def _event(kind: str, connection: int, **rest: Any) -> dict[str, Any]:
    from signalbox.testing.events import make_event

    now = time.time_ns() // 1_000_000
    return make_event(kind, f"c{connection}=", now=now, connected_at=now, **rest)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.functions", description="first event, memory")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--function", choices=EVENTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.function:
        _serve(options.function, options.events)
        return
    with table() as url:
        endpoints = {"AWS_ENDPOINT_URL_DYNAMODB": url, "MANAGEMENT_ENDPOINT": f"{url}/prod"}
        os.environ |= {**ENVIRONMENT, **SETTINGS, **endpoints, "ALLOWED_ORIGINS": "https://app.example.com"}
        asyncio.run(fill(url))
        print("\n| function | first answer after s | MB after 1,000 events | MB after all | growth |")
        print("|---|---|---|---|---|")
        for name in EVENTS:
            command = [sys.executable, "-m", "benchmarks.functions", "--function", name]
            command += ["--events", str(options.events)]
            started = time.time()
            run = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=300, check=True)  # noqa: S603 - our own
            first, warm, end = map(float, run.stdout.splitlines()[-1].split())
            print(
                f"| {name} | {first - started:.2f} | {warm:.1f} | {end:.1f} | {end / warm:.3f} |", flush=True
            )


def _serve(name: str, events: int) -> None:
    handler = import_module(f"handlers.{name}").handler
    first = warm = 0.0
    for number in range(events):
        handler(EVENTS[name](number), Context())
        first = first or time.time()
        if number < min(WARM, events):
            warm = _megabytes()
    print(first, warm, _megabytes())


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
