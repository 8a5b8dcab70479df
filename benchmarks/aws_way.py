"""One way of sending requests to AWS, measured in a process of its own.

    python -m benchmarks.aws_way WAY URL TIMES

It prints the microseconds of processor time that one took. A publication is compared with the same requests
sent by boto3 in threads.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

NAME = "benchmark"
KEY = {"pk": {"S": "connection#c"}, "sk": {"S": "@"}}
GET = {"TableName": NAME, "Key": KEY, "ConsistentRead": True}
RECIPIENTS = 10
THREADS = 8
LIMITS = {"MESSAGE_RATE": "1000", "MESSAGE_BURST": "1000000", "SEND_RATE": "1000", "SEND_BURST": "1000000"}

Work = Callable[[int], object]
"""Does something so many times."""


class Backend:
    """The application of this repository, with one room of `RECIPIENTS` connections."""

    def __init__(self, url: str) -> None:
        os.environ |= {"TABLE_NAME": NAME, "MANAGEMENT_ENDPOINT": f"{url}/prod", **LIMITS}
        from handlers.websocket import handler

        self._handle: Callable[[Any, Any], Any] = handler
        self._sent = 0
        for number in range(RECIPIENTS):
            self.send(number, "CONNECT", headers={})
            self.send(number, "MESSAGE", body=_body("channel.subscribe", channels=[{"channel": "room:1"}]))

    def send(self, connection: int, kind: str, **rest: Any) -> Any:
        """Resolve one event of a connection."""
        from signalbox.testing.events import make_event

        self._sent += 1
        now = time.time_ns() // 1_000_000
        caller = {"principalId": f"user-{connection}"}
        event = make_event(
            kind, f"c{connection}=", number=self._sent, now=now, connected_at=now, authorizer=caller, **rest
        )
        answer = self._handle(event, None)
        assert answer["statusCode"] == 200, answer
        return answer

    def ping(self, times: int) -> None:
        """Answer pings."""
        for _ in range(times):
            self.send(0, "MESSAGE", body=_body("ping"))

    def publish(self, times: int) -> None:
        """Answer publications of 1 KB."""
        body = _body("channel.publish", channel="room:1", data="x" * 1_000)
        for _ in range(times):
            answer = self.send(0, "MESSAGE", body=body)
            assert "channel.published" in answer["body"], answer

    def record(self) -> Sequence[tuple[str, Any]]:
        """Return the requests to DynamoDB of one publication."""
        from connection_store import Table
        from handlers.application import app
        from signalbox.publisher import ApiGateway
        from signalbox.realtime.services import Connectors
        from signalbox.realtime.settings import RealtimeSettings

        requests: list[tuple[str, Any]] = []
        settings = RealtimeSettings.from_environment()
        table = Table(NAME, listener=lambda operation, request, _: requests.append((operation, request)))
        gateway = ApiGateway(settings.management_endpoint, settings.region)
        self._handle = app.assemble(settings, Connectors(table, gateway)).resolver.resolve
        self.publish(1)
        return requests


def _body(action: str, **fields: Any) -> str:
    return json.dumps({"action": action, "id": 1, **fields})


def ours(url: str) -> Work:
    """Our client, with a signature for each request."""
    from signalbox.aws.endpoints import DYNAMODB
    from signalbox.aws.json_api import JsonApi

    api, loop = JsonApi(DYNAMODB, "us-east-1", url), asyncio.new_event_loop()

    async def get(times: int) -> None:
        for _ in range(times):
            assert "Item" in await api.call("GetItem", GET, repeatable=True)

    return lambda times: loop.run_until_complete(get(times))


def boto3(url: str) -> Work:
    """AWS's own client, one request after the other."""
    from boto3.session import Session

    client: Any = Session(region_name="us-east-1").client("dynamodb", endpoint_url=url)

    def get(times: int) -> None:
        for _ in range(times):
            assert "Item" in client.get_item(**GET)

    return get


def in_threads(url: str) -> Work:
    """Send the requests of one publication, and its posts, through boto3 in threads."""
    from concurrent.futures import ThreadPoolExecutor

    from boto3.session import Session
    from botocore import xform_name
    from botocore.exceptions import ClientError

    requests = Backend(url).record()
    session = Session(region_name="us-east-1")
    table: Any = session.client("dynamodb", endpoint_url=url)
    gateway: Any = session.client("apigatewaymanagementapi", endpoint_url=f"{url}/prod")
    pool = ThreadPoolExecutor(THREADS)

    def call(operation: str, request: Any) -> None:
        with suppress(ClientError):  # a condition that the first publication has changed
            getattr(table, xform_name(operation))(**request)

    def post(number: int) -> None:
        gateway.post_to_connection(ConnectionId=f"c{number}=", Data=b"x" * 1_100)

    def send(times: int) -> None:
        for _ in range(times):
            for operation, request in requests:
                pool.submit(call, operation, request).result()
            list(pool.map(post, range(RECIPIENTS)))

    return send


WAYS: dict[str, Callable[[str], Work]] = {
    "GetItem, boto3": boto3,
    "GetItem, signalbox": ours,
    "a whole ping": lambda url: Backend(url).ping,
    "a publication for ten, boto3 in threads": in_threads,
    "a publication for ten, signalbox": lambda url: Backend(url).publish,
}


def main(name: str, url: str, times: str) -> None:
    """Warm up, measure, print."""
    work = WAYS[name](url)
    work(max(1, int(times) // 2))
    start = time.process_time()
    work(int(times))
    print(1e6 * (time.process_time() - start) / int(times))


if __name__ == "__main__":
    main(*sys.argv[1:])
