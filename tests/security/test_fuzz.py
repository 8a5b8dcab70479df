"""S11, F20: whatever clients send, nothing crashes, nobody gets an untyped answer, and nothing is kept."""

import asyncio
import gc
import json
import sys
import tracemalloc
from collections.abc import Coroutine
from itertools import islice
from random import Random, SystemRandom
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from signalbox.gateway.sandboxes.sandbox import Answer, Result
from signalbox.resolver import WebSocketResolver
from tests.conformance.scripted import running
from tests.framework.realtime.backend import Backend
from tests.framework.resolver.events import message_event
from tests.security.fuzz import check, check_frame, documented, hostile, kept, reader

FRAMES, THROUGH_THE_GATEWAY, THROUGH_THE_STORE = 200_000, 20_000, 400
TRACED = 20_000
"""Messages at the end of them whose memory is traced, which takes seven times as long."""

GROWTH = 200_000
"""Bytes that may be in use after the traced messages: ten for each."""

BLOCKS = 20_000
"""Small objects that may be alive after the other messages: one for eight of them."""


@pytest.fixture
def random() -> Random:
    seed = SystemRandom().getrandbits(32)
    print("seed", seed)  # noqa: T201 - shown when it fails
    return Random(seed)


@pytest.mark.timeout(1_200)
async def test_s11_every_answer_is_typed_and_nothing_is_kept_when_200_000_messages_are_hostile(
    random: Random,
) -> None:
    resolver = reader()
    understood = 0

    async def read(count: int) -> None:
        nonlocal understood
        for body in islice(messages, count):
            answer = await resolver.dispatch(message_event(body))
            check(answer)
            understood += '"read"' in answer["body"]
        gc.collect()

    messages = hostile(random)
    await read(TRACED)
    blocks = sys.getallocatedblocks()
    await read(FRAMES - 2 * TRACED)
    blocks = sys.getallocatedblocks() - blocks
    growth = await _growth(read(TRACED))
    # Both ways through the resolver have been taken often.
    assert FRAMES // 20 < understood < FRAMES * 19 // 20
    assert blocks < BLOCKS
    assert growth < GROWTH


async def _growth(work: Coroutine[Any, Any, None]) -> int:
    """The bytes that are in use after `work` and were not before."""
    tracemalloc.start()
    try:
        await work
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


async def test_s11_messages_of_the_documentation_and_those_kept_are_answered_when_read() -> None:
    resolver = reader()
    for body in documented():
        assert json.loads((await resolver.dispatch(message_event(body)))["body"])["type"] == "read", body
    for body in kept():
        check(await resolver.dispatch(message_event(body)))


@settings(max_examples=500, deadline=None)
@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=10), st.data()
)
def test_s11_every_answer_is_typed_when_any_field_is_any_json(value: Any, data: st.DataObject) -> None:
    message = json.loads(data.draw(st.sampled_from(documented())))
    message[data.draw(st.sampled_from(sorted(message)) | st.text(max_size=8))] = value
    check(RESOLVER.resolve(message_event(json.dumps(message))))


RESOLVER: WebSocketResolver = reader()


async def test_s11_gateway_answers_or_closes_when_20_000_messages_are_hostile(random: Random) -> None:
    resolver = reader()

    async def function(payload: bytes, _: str) -> Result:
        received = json.loads(payload)
        if received["requestContext"]["eventType"] != "MESSAGE":
            return Answer(b'{"statusCode": 200}')
        return Answer(json.dumps(await resolver.dispatch(received)).encode())

    messages = islice(hostile(random), THROUGH_THE_GATEWAY)
    async with running(function) as gateway, asyncio.timeout(300):
        bystander = await connect(gateway.websocket_url)
        await asyncio.gather(*(_talk(gateway.websocket_url, messages) for _ in range(8)))
        assert next(messages, None) is None

        await bystander.send("{}")
        assert check_frame(await bystander.recv())["code"] == "unknown_route"
        await bystander.close()


async def _talk(url: str, messages: Any) -> None:
    """Send one at a time until none is left, and come again after a message that API Gateway refuses."""
    while True:
        async with connect(url) as client:
            for body in messages:
                try:
                    await client.send(body)
                    answer = await client.recv()
                except ConnectionClosed:
                    assert client.close_code == 1009, body[:100]
                    assert len(body.encode()) > 32_768
                    break
                check_frame(answer)
            else:
                return


def test_s11_application_has_no_internal_error_when_messages_are_hostile(random: Random) -> None:
    backend = Backend(MESSAGE_BURST="10000", SEND_BURST="10000")  # else most were refused unread
    asyncio.run(backend.connections.init_table())
    backend.connect("c=")
    backend.subscribe("c=", "room:1")
    codes = set()
    for body in islice(hostile(random), THROUGH_THE_STORE):
        frame = backend.send("c=", body)
        assert frame is None or isinstance(frame["type"], str)
        codes.add((frame or {}).get("code"))
    assert "internal" not in codes
    assert {"invalid_message", "bad_request", None} <= codes
