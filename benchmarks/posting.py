"""One way of posting, measured in a process of its own.

    python -m benchmarks.posting WAY URL CA SIZE POSTS IN_FLIGHT

It prints the microseconds of processor time and of wall time a post took.
"""

import asyncio
import atexit
import hashlib
import json
import os
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

THREADS = 64

Post = Callable[[int], None]
"""Sends so many posts and returns when all are answered."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where posts go, whom to trust, what they carry, and how many of them there are at a time."""

    url: str
    ca: str
    frame: bytes
    in_flight: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """The connection that gets them all."""

    connection_id: str = "R0oXAdfD0kwCH6w="
    connected_at: int = 0
    cursor: str = ""


ANN = Recipient()


def ours(target: Target, loop: asyncio.AbstractEventLoop) -> Post:
    """A broadcast of the publisher's, with all that belongs to one but a budget."""
    from signalbox.aws.transport import Transport
    from signalbox.publisher import ApiGateway, fan_out

    tls = ssl.create_default_context(cafile=target.ca)
    transport = Transport(target.url, connections=target.in_flight, tls=tls)
    gateway = ApiGateway(f"{target.url}/prod", "us-east-1", transport=transport)

    async def recipients(posts: int) -> AsyncIterator[Recipient]:
        for _ in range(posts):
            yield ANN

    async def broadcast(posts: int) -> None:
        report = await fan_out(
            gateway, target.frame, recipients(posts),
            now=time.time_ns() // 1_000_000, time_left=lambda: 300.0, concurrency=target.in_flight,
        )  # fmt: skip
        assert report.sent == posts

    return lambda posts: loop.run_until_complete(broadcast(posts))


def aiohttp(target: Target) -> Post:
    """The client most people would take, with the publisher's signatures."""
    import uvloop
    import yarl
    from aiohttp import ClientSession, TCPConnector

    from signalbox.aws.credentials import Credentials
    from signalbox.aws.signing import Signer

    loop = uvloop.new_event_loop()
    label = ANN.connection_id.replace("=", "%3D")
    url = yarl.URL(f"{target.url}/prod/@connections/{label}", encoded=True)
    signer = Signer("us-east-1", "execute-api", f"{url.host}:{url.port}", "/prod/@connections/")
    payload_hash = hashlib.sha256(target.frame).hexdigest()

    async def make_session() -> ClientSession:
        tls = ssl.create_default_context(cafile=target.ca)
        return ClientSession(connector=TCPConnector(limit=target.in_flight, ssl=tls))

    session, keys = loop.run_until_complete(make_session()), loop.run_until_complete(Credentials().load())
    atexit.register(lambda: loop.run_until_complete(session.close()))

    async def send(posts: int) -> None:
        for _ in range(posts):
            lines = signer.sign("POST", label, payload_hash, keys, int(time.time())).split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            async with session.post(url, data=target.frame, headers=headers) as response:
                await response.read()
                assert response.status == 200

    async def all_of(posts: int) -> None:
        share, rest = divmod(posts, target.in_flight)
        await asyncio.gather(*(send(share + (n < rest)) for n in range(target.in_flight)))

    return lambda posts: loop.run_until_complete(all_of(posts))


def boto3(target: Target, threads: int) -> Post:
    """AWS's own client, in so many threads."""
    from boto3.session import Session
    from botocore.config import Config

    config = Config(max_pool_connections=threads, retries={"total_max_attempts": 1})
    client = Session(region_name="us-east-1").client(
        "apigatewaymanagementapi", endpoint_url=f"{target.url}/prod", verify=target.ca, config=config
    )
    pool = ThreadPoolExecutor(threads)

    def send(_: int) -> None:
        client.post_to_connection(ConnectionId=ANN.connection_id, Data=target.frame)

    return lambda posts: [None for _ in pool.map(send, range(posts))].clear()


def way(name: str, target: Target) -> Post:
    """The way of posting with that name."""
    match name:
        case "signalbox, uvloop":
            import uvloop

            return ours(target, uvloop.new_event_loop())
        case "signalbox, plain asyncio":
            return ours(target, asyncio.new_event_loop())
        case "aiohttp, our signatures, uvloop":
            return aiohttp(target)
        case "boto3, one by one":
            return boto3(target, 1)
        case "boto3, 64 threads":
            return boto3(target, THREADS)
    raise SystemExit(f"no such way: {name}")


def main(name: str, url: str, ca: str, size: str, posts: str, in_flight: str) -> None:
    """Warm up, measure, print."""
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "t" * 900,
    }
    post = way(name, Target(url, ca, b"x" * int(size), int(in_flight)))
    post(min(int(posts), 4 * int(in_flight)))
    processor, wall = time.process_time(), time.perf_counter()
    post(int(posts))
    spent = time.process_time() - processor, time.perf_counter() - wall
    print(json.dumps([1e6 * each / int(posts) for each in spent]))


if __name__ == "__main__":
    main(*sys.argv[1:])
