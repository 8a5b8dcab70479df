"""S08: a message has at most 32,768 bytes, counted before anything of it is parsed (F19)."""

import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from tests.conftest import LocalRun

LIMIT = 32_768
FRAME = b'{"action":"ping","pad":""}'


def padded(size: int, letter: str = "x") -> str:
    """A ping of so many bytes."""
    count, rest = divmod(size - len(FRAME), len(letter.encode()))
    return FRAME.decode().replace('""', f'"{letter * count}{"x" * rest}"')


@pytest.mark.parametrize("letter", ["x", "é", "😀"])
@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT])
async def test_s08_message_is_read_when_it_has_as_many_bytes_as_allowed(
    local_run: LocalRun, size: int, letter: str
) -> None:
    text = padded(size, letter)
    assert len(text.encode()) == size
    async with connect(local_run.websocket_url) as client:
        await client.send(text)
        assert json.loads(await client.recv())["type"] == "pong"


async def test_s08_message_is_refused_and_the_connection_lives_when_it_comes_in_pieces(
    local_run: LocalRun,
) -> None:
    text = padded(LIMIT + 1)
    async with connect(local_run.websocket_url) as client:
        await client.send([text[:LIMIT], text[LIMIT:]])
        assert json.loads(await client.recv())["code"] == "too_large"
        await client.send(FRAME.decode())
        assert json.loads(await client.recv())["type"] == "pong"


async def test_s08_connection_is_closed_when_one_frame_is_larger_than_api_gateway_takes(
    local_run: LocalRun,
) -> None:
    async with connect(local_run.websocket_url) as client:
        await client.send(padded(LIMIT + 1))
        with pytest.raises(ConnectionClosedError) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
