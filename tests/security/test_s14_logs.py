"""S14: who, from where, what and how it ended is logged; never what was said."""

import json
import logging
from typing import Any

from websockets.asyncio.client import connect

from tests.canary import CANARY, sung
from tests.conftest import LocalRun
from tests.framework.identity.handshakes import lines, listening
from tests.framework.realtime.backend import Backend
from tests.security.fuzz import documented

OF_THE_LOGGER = {"level", "location", "message", "timestamp", "service", "correlation_id"}
OURS = {"route", "connection_id", "source_ip", "user_id", "tenant", "close_code", "outcome"}


def spoilt(value: Any) -> Any:
    """The same with every text replaced; what routes and names it stays."""
    match value:
        case dict():
            kept = {"action", "channel", "id"}
            return {key: each if key in kept else spoilt(each) for key, each in value.items()}
        case list():
            return [spoilt(each) for each in value]
        case str():
            return CANARY
    return value


def test_s14_lines_have_the_listed_fields_and_nothing_that_was_said_when_clients_talk(
    backend: Backend,
) -> None:
    with listening() as log:
        backend.connect("c=", name=CANARY)
        for text in documented():
            backend.send("c=", spoilt(json.loads(text)))
            backend.send("c=", text + CANARY)
        backend.disconnect("c=")

    assert CANARY not in log.getvalue()
    events = [line for line in lines(log) if line.get("message") == "event"]
    assert len(events) >= len(documented())
    for line in events:
        assert set(line) <= OF_THE_LOGGER | OURS
        assert {"route", "connection_id", "source_ip", "outcome"} <= set(line)


async def test_s14_nothing_that_was_said_is_printed_when_the_whole_runs(local_run: LocalRun) -> None:
    # The run's output is searched when the last test is done with it.
    async with connect(f"{local_run.websocket_url}?name={CANARY}") as client:
        for text in documented():
            await client.send(json.dumps(spoilt(json.loads(text))))
            await client.send(text + CANARY)
        await client.send('{"action": "ping", "id": "last"}')
        async for frame in client:
            if json.loads(frame).get("id") == "last":
                break


def test_s14_run_notices_when_something_that_was_said_is_logged() -> None:
    logging.getLogger("careless").warning("%s", CANARY)
    logging.getLogger("careless").warning("said", extra={"data": CANARY})

    assert [place.split()[0] for place in sung] == ["careless", "careless"]
    sung.clear()
