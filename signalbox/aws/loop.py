"""The fastest available event loop for posts."""

import asyncio


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Make one of uvloop's where that is installed, else one of asyncio's own."""
    try:
        import uvloop
    except ModuleNotFoundError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
