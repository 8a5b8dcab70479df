"""What knowing, limiting and authorising the caller adds to an event of the application (S05, S07, S09).

    python -m benchmarks.guards [--rounds 5] [--events 5000]

The event is a ping of somebody an authorizer let in. The one read of the store that each message takes is
answered from memory: what is measured is the processor.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from connection_store import Connection, ConnectionManager
from signalbox.realtime.middleware import (
    authorize,
    count_messages,
    identify,
    limit_messages,
    provide_services,
)
from signalbox.realtime.routes import failures, lifecycle
from signalbox.realtime.services import TenantServices, build_services, connect
from signalbox.realtime.settings import RealtimeSettings
from signalbox.resolver import Middleware, WebSocketResolver

from .dispatch import COMMON, MESSAGE

NOW = 1_767_225_600_000
SETTINGS = {
    "TABLE_NAME": "connections",
    "MANAGEMENT_ENDPOINT": "http://127.0.0.1:1/local",
    "AWS_REGION": "us-east-1",
    "MESSAGE_RATE": "1000",
}
WAYS: dict[str, Sequence[Middleware]] = {
    "caller known": (identify,),
    "caller limited and authorised": (limit_messages, identify, count_messages, authorize),
}
PING: dict[str, Any] = {
    **MESSAGE,
    "body": json.dumps({"action": "ping", "id": 1}),
    "requestContext": {
        **COMMON,
        "routeKey": "$default",
        "eventType": "MESSAGE",
        "connectionId": "c=",
        "messageId": "m",
        "connectedAt": NOW,
        "requestTimeEpoch": NOW,
        "authorizer": {"principalId": "ann", "roles": '["writer"]'},
    },
}


class Remembered(ConnectionManager):
    """One connection that is always there."""

    async def get_connection(self, connection_id: str, **_: Any) -> Connection:
        """Return it."""
        return Connection(connection_id, "ann", "Ann", NOW, NOW, NOW // 1_000 + 7_500)

    def needs_touch(self, *_: Any) -> bool:
        """It was just heard of."""
        return False


def application(services: TenantServices, chain: Sequence[Middleware]) -> WebSocketResolver:
    """Some of the application's middlewares, and its routes for one's own connection."""
    application = WebSocketResolver()
    for middleware in (provide_services(services), *chain):
        application.middleware(middleware)
    for routes in (failures, lifecycle):
        application.include_router(routes.router)
    return application


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guards", description="what guards cost")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=5_000)
    options = parser.parse_args()
    settings = RealtimeSettings.from_environment(SETTINGS)
    services = build_services(settings, connect(settings), {})
    services = replace(services, connections=Remembered("connections"))
    ways = {name: application(services, chain) for name, chain in WAYS.items()}
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, way in ways.items():
            assert json.loads(way.resolve(PING)["body"])["type"] == "pong"
            start = time.process_time()
            for _ in range(options.events):
                # As much time passes as the limits ask for.
                PING["requestContext"]["requestTimeEpoch"] += 1
                way.resolve(PING)
            spent[name].append(1e6 * (time.process_time() - start) / options.events)
    print("\n| a ping | CPU-µs, median (lowest to highest) | times as much |\n|---|---|---|")
    for name, rounds in spent.items():
        spread = f"{median(rounds):.1f} ({min(rounds):.1f} to {max(rounds):.1f})"
        print(f"| {name} | {spread} | {median(rounds) / median(spent['caller known']):.2f} |")


if __name__ == "__main__":
    main()
