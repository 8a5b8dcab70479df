"""One broadcast, in a process of its own: `python -m benchmarks.broadcasting ENDPOINT BUDGET`.

The recipients' connection ids come on standard input, a line each. BUDGET is posts a second. It prints the
seconds it took and how many were served.
"""

import os
import sys
import time
from collections.abc import AsyncIterator

from signalbox.publisher import ApiGateway, SendBudget, fan_out

from .posting import Recipient

PATIENCE = 120.0


async def main(endpoint: str, budget: str) -> None:
    """Broadcast, print."""

    async def recipients() -> AsyncIterator[Recipient]:
        for line in sys.stdin:
            yield Recipient(line.strip())

    started = time.monotonic()
    report = await fan_out(
        ApiGateway(endpoint, "us-east-1"),
        b"x" * 128,
        recipients(),
        now=time.time_ns() // 1_000_000,
        time_left=lambda: PATIENCE + started - time.monotonic(),
        budget=SendBudget(float(budget)),
    )
    print(time.monotonic() - started, report.sent)


if __name__ == "__main__":
    import uvloop

    os.environ |= {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"}
    uvloop.run(main(*sys.argv[1:]))
