"""One way of posting, measured in a process of its own: `python -m benchmarks.posting WAY URL CA SIZE POSTS`.

It prints the microseconds of processor time and of wall time a post took.
"""

import asyncio
import json
import os
import ssl
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

ID = "R0oXAdfD0kwCH6w="
IN_FLIGHT = 64
THREADS = 16
WARM_UP = 50

Post = Callable[[int], None]
"""Sends so many posts and returns when all are answered."""


def ours(url: str, ca: str, frame: bytes, loop: asyncio.AbstractEventLoop) -> Post:
    """The publisher, with so many posts in flight."""
    from publisher import ApiGateway, Sent, Transport

    tls = ssl.create_default_context(cafile=ca)
    gateway = ApiGateway(f"{url}/prod", "us-east-1", transport=Transport(url, tls=tls))

    async def send(posts: int) -> None:
        for _ in range(posts):
            assert isinstance(await gateway.post(ID, frame), Sent)

    async def all_of(posts: int) -> None:
        await asyncio.gather(*(send(posts // IN_FLIGHT + (n < posts % IN_FLIGHT)) for n in range(IN_FLIGHT)))

    return lambda posts: loop.run_until_complete(all_of(posts))


def boto3(url: str, ca: str, frame: bytes, threads: int) -> Post:
    """AWS's own client, in so many threads."""
    from boto3.session import Session
    from botocore.config import Config

    config = Config(max_pool_connections=threads, retries={"total_max_attempts": 1})
    session = Session(region_name="us-east-1")
    client = session.client("apigatewaymanagementapi", endpoint_url=f"{url}/prod", verify=ca, config=config)
    pool = ThreadPoolExecutor(threads)

    def send(_: int) -> None:
        client.post_to_connection(ConnectionId=ID, Data=frame)

    return lambda posts: [None for _ in pool.map(send, range(posts))].clear()


def way(name: str, url: str, ca: str, frame: bytes) -> Post:
    """The way of posting with that name."""
    match name:
        case "signalbox, uvloop":
            import uvloop

            return ours(url, ca, frame, uvloop.new_event_loop())
        case "signalbox, asyncio":
            return ours(url, ca, frame, asyncio.new_event_loop())
        case "boto3, one by one":
            return boto3(url, ca, frame, 1)
        case "boto3, 16 threads":
            return boto3(url, ca, frame, THREADS)
    raise SystemExit(f"no such way: {name}")


def main(name: str, url: str, ca: str, size: str, posts: str) -> None:
    """Warm up, measure, print."""
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "t" * 900,
    }
    post = way(name, url, ca, b"x" * int(size))
    post(WARM_UP)
    processor, wall = time.process_time(), time.perf_counter()
    post(int(posts))
    spent = time.process_time() - processor, time.perf_counter() - wall
    print(json.dumps([1e6 * each / int(posts) for each in spent]))


if __name__ == "__main__":
    main(*sys.argv[1:])
