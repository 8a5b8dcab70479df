"""A stage of the local gateway with a quota: `python -m benchmarks.stage RATE BURST`.

It prints its two URLs, and ends with its standard input. Its function answers whatever comes.
"""

import asyncio
import json
import sys
from typing import Any

from signalbox.gateway import Config, LocalGateway, Throttle


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Say who has called."""
    return {"statusCode": 200, "body": json.dumps({"me": event["requestContext"]["connectionId"]})}


async def main(rate: str, burst: str) -> None:
    """Serve until standard input ends."""
    config = Config(port=0, sandboxes=1, sandbox="socket", throttle=Throttle(float(rate), int(burst)))
    async with LocalGateway("benchmarks.stage.handler", config) as gateway:
        print(gateway.websocket_url, gateway.endpoint, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(*sys.argv[1:]))
