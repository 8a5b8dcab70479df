"""What the way from an event to a handler and back costs, three middlewares and a validated body included.

    python -m benchmarks.dispatch [--rounds 5] [--events 5000]

Beside it Powertools' resolver for HTTP APIs, with as many middlewares and its own validation on. Its
handlers are synchronous; ours is a coroutine.
"""

import argparse
import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel

from signalbox.resolver import Context, Next, WebSocketResolver

BODY = json.dumps({"action": "say", "text": "hello", "id": 1})
COMMON = {"stage": "prod", "requestId": "r", "domainName": "d", "apiId": "a", "identity": {"sourceIp": "::1"}}
MESSAGE = {
    "requestContext": COMMON
    | {"routeKey": "$default", "eventType": "MESSAGE", "connectionId": "c=", "messageId": "m"}
    | {"connectedAt": 1, "requestTimeEpoch": 2},
    "body": BODY,
    "isBase64Encoded": False,
}
POST = {
    "version": "2.0",
    "rawPath": "/say",
    "headers": {"content-type": "application/json"},
    "requestContext": COMMON | {"http": {"method": "POST", "path": "/say"}, "stage": "$default"},
    "body": BODY,
    "isBase64Encoded": False,
}


class Say(BaseModel):
    """The body of both."""

    text: str
    id: int


def ours() -> Callable[[], Any]:
    """Our resolver."""
    resolver = WebSocketResolver()

    async def middleware(context: Context, call_next: Next) -> Any:
        return await call_next(context)

    for _ in range(3):
        resolver.middleware(middleware)

    @resolver.on_message("say")
    async def say(message: Say) -> dict[str, str]:
        return {"text": message.text}

    return lambda: resolver.resolve(MESSAGE)


def powertools() -> Callable[[], Any]:
    """Powertools' resolver."""
    app = APIGatewayHttpResolver(enable_validation=True)

    def middleware(app: Any, next_middleware: Any) -> Any:
        return next_middleware(app)

    @app.post("/say", middlewares=[middleware] * 3)
    def say(message: Say) -> dict[str, str]:
        return {"text": message.text}

    return lambda: app.resolve(POST, None)  # type: ignore[arg-type]  # no Lambda context is needed here


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dispatch", description="what an event costs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=5_000)
    options = parser.parse_args()
    ways = {"signalbox": ours(), "powertools, HTTP": powertools()}
    assert all(json.loads(call()["body"])["text"] == "hello" for call in ways.values())
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, call in ways.items():
            start = time.process_time()
            for _ in range(options.events):
                call()
            spent[name].append(1e6 * (time.process_time() - start) / options.events)
    print("\n| an event | CPU-µs, median (lowest to highest) | times our CPU |\n|---|---|---|")
    for name, rounds in spent.items():
        spread = f"{median(rounds):.1f} ({min(rounds):.1f} to {max(rounds):.1f})"
        print(f"| {name} | {spread} | {median(rounds) / median(spent['signalbox']):.1f} |")


if __name__ == "__main__":
    main()
