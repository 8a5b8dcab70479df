import asyncio
from collections.abc import Callable

import pytest

from signalbox.aws.errors import (
    ConnectionLostError,
    InvalidResponseError,
    ResponseTimeoutError,
    StaleConnectionError,
    TransportError,
)
from signalbox.aws.transport import Transport
from tests.framework.aws.scripted import OK, Act, Server, answer, request

Make = Callable[..., Transport]
SHORT = 0.5


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([Act.CLOSE], ConnectionLostError),
        ([Act.RESET], ConnectionLostError),
        ([b"HTTP/1.1 200 OK\r\nContent-Le", Act.CLOSE], ConnectionLostError),
        ([answer(200, b"hello")[:-1], Act.CLOSE], ConnectionLostError),
        ([b"SSH-2.0-OpenSSH_9.2\r\n", Act.HANG], InvalidResponseError),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n", Act.HANG], InvalidResponseError),
        ([Act.HANG], ResponseTimeoutError),
        ([b"HTTP/1.1 200 OK\r\n", Act.HANG], ResponseTimeoutError),
    ],
)
async def test_request_fails_once_and_typed_when_its_answer_is_no_good(
    server: Server, transport_to: Make, steps: list[bytes | Act], error: type[TransportError]
) -> None:
    transport = transport_to(server, connections=1, response_timeout=SHORT)
    server.play(*steps)

    with pytest.raises(error) as failure:
        await transport.request(request())

    assert not isinstance(failure.value, StaleConnectionError)
    await server.until(lambda: server.open == 0)
    assert len(server.requests) == 1
    assert (await transport.request(request())).status == 200


@pytest.mark.parametrize("end", [Act.CLOSE, Act.RESET])
async def test_request_is_sent_again_when_a_kept_connection_ends_before_any_answer(
    server: Server, transport_to: Make, end: Act
) -> None:
    transport = transport_to(server, connections=1)
    await transport.request(request("first"))
    server.play(end)
    server.play(answer(200, b"second"))

    assert (await transport.request(request("second"))).body == b"second"
    assert [line.split(b" ")[1] for line in server.requests] == [b"/first", b"/second", b"/second"]
    assert server.accepted == 2


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_request_is_not_sent_again_when_an_answer_had_begun(
    server: Server, transport_to: Make, begun: bytes
) -> None:
    transport = transport_to(server)
    await transport.request(request())
    server.play(begun, Act.CLOSE)

    with pytest.raises(ConnectionLostError):
        await transport.request(request())

    assert len(server.requests) == 2


async def test_request_is_sent_twice_at_most_when_the_new_connection_ends_too(
    server: Server, transport_to: Make
) -> None:
    transport = transport_to(server)
    await transport.request(request())
    server.respond = lambda request: [Act.CLOSE]

    with pytest.raises(ConnectionLostError):
        await transport.request(request())

    assert len(server.requests) == 3


async def test_answer_counts_when_the_connection_ends_right_after_it(
    server: Server, transport_to: Make
) -> None:
    transport = transport_to(server, connections=1)
    server.respond = lambda request: [OK, Act.CLOSE]

    for accepted in range(1, 10):
        assert (await transport.request(request())).status == 200
        assert server.accepted == len(server.requests) == accepted


async def test_connection_is_ended_when_it_speaks_unasked(server: Server, transport_to: Make) -> None:
    transport = transport_to(server)
    server.play(OK, b"HTTP/1.1 408 Request Timeout\r\n\r\n", Act.HANG)

    assert (await transport.request(request())).status == 200
    await server.until(lambda: server.open == 0)
    assert (await transport.request(request())).status == 200


async def test_answer_counts_when_it_comes_before_the_whole_request_is_out(transport_to: Make) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(413))
        await reader.read()
        writer.close()
        ended.set()

    ended = asyncio.Event()
    listener = await asyncio.start_server(refuse, "127.0.0.1", 0, limit=1_024)
    server = Server()
    server.port = listener.sockets[0].getsockname()[1]

    response = await transport_to(server).request(request(body=bytes(20_000_000)))

    assert response.status == 413
    async with asyncio.timeout(10):
        await ended.wait()
    listener.close()


async def test_body_is_read_when_it_comes_in_pieces(server: Server, transport_to: Make) -> None:
    transport = transport_to(server)
    server.play(*(bytes([byte]) for byte in answer(200, b"hello")))
    server.play(answer(200, bytes(50_000)))

    assert (await transport.request(request())).body == b"hello"
    assert (await transport.request(request())).body == bytes(50_000)
    assert server.accepted == 1


async def test_body_ends_with_the_connection_when_nothing_else_ends_it(
    server: Server, transport_to: Make
) -> None:
    server.play(b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo", Act.CLOSE)

    assert (await transport_to(server).request(request())).body == b"hello"


async def test_next_request_takes_a_new_connection_when_the_server_says_close(
    server: Server, transport_to: Make
) -> None:
    transport = transport_to(server, connections=1)
    server.play(answer(200, Connection="close"), Act.HANG)

    assert (await transport.request(request())).status == 200
    await server.until(lambda: server.open == 0)
    assert (await transport.request(request())).status == 200
    assert server.accepted == 2
