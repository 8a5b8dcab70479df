"""A gateway to be killed: `python parent.py KIND EVENT` starts one sandbox, gives it the event and waits."""

import asyncio
import sys
from pathlib import Path

from signalbox.gateway.sandboxes.pool import SandboxPool
from signalbox.gateway.sandboxes.runtime_sandbox import RuntimeSandbox
from signalbox.gateway.sandboxes.sandbox import Function
from signalbox.gateway.sandboxes.socket_sandbox import SocketSandbox

KINDS = {"RuntimeSandbox": RuntimeSandbox, "SocketSandbox": SocketSandbox}


async def main(kind: str, event: str) -> None:
    """Run until killed."""
    function = Function("functions.handler", Path(__file__).parent)
    pool = SandboxPool(lambda number: KINDS[kind](f"sandbox-{number}", function), 1, timeout=60)
    await pool.invoke(event.encode(), "request-1")
    await asyncio.sleep(60)


asyncio.run(main(*sys.argv[1:]))
