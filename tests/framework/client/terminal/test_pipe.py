import asyncio
import json
import os
import signal

import pytest

from tests.framework.client.backend import Backend, message, refusal, reply
from tests.framework.client.commandline import PATIENCE, client_process, finish, piped_client, run_client


def kinds(lines: list[str]) -> list[str]:
    """The types of these frames."""
    return [json.loads(line)["type"] for line in lines]


async def test_a_line_is_sent_as_it_is_when_it_is_an_object_with_an_id(backend: Backend) -> None:
    line = '{ "action":"ping",  "id":"mine", "big":1e400, "a":1, "a":2 }'

    ended = await run_client(backend.url, text=line)

    assert backend.received == [line]
    assert (ended.code, kinds(ended.frames)) == (0, ["pong"])


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ('{"action": "ping"}', '{"id":"client-1","action": "ping"}'),
        ("  { }  ", '{"id":"client-1"}'),
        ('{\t"a":"é\\ud800", "a":1e400}\r', '{"id":"client-1","a":"é\\ud800", "a":1e400}'),
    ],
)
async def test_only_an_id_is_added_when_an_object_has_none(backend: Backend, line: str, sent: str) -> None:
    ended = await run_client(backend.url, text=line + "\n")

    assert backend.received == [sent]
    assert (ended.code, len(ended.frames)) == (0, 1)


@pytest.mark.parametrize("line", ["hello", "[1,2]", "7", '{"action"', '{"a":NaN}', "é"])
async def test_a_line_goes_to_everyone_as_text_when_it_is_not_an_object(backend: Backend, line: str) -> None:
    ended = await run_client(backend.url, text=line)

    assert backend.requests == [{"action": "broadcast", "data": {"text": line}, "id": "client-1"}]
    assert (ended.code, kinds(ended.frames)) == (0, ["message", "broadcast.sent"])


async def test_the_lines_are_sent_in_order_when_there_are_many(backend: Backend) -> None:
    text = "\n".join(f'{{"action":"ping","id":{number}}}' for number in range(500))

    ended = await run_client(backend.url, text=text)

    assert [request["id"] for request in backend.requests] == list(range(500))
    assert [json.loads(line)["id"] for line in ended.frames] == list(range(500))


async def test_a_frame_is_one_line_when_it_holds_line_breaks(backend: Backend) -> None:
    backend.script = lambda request: ['{\n  "type": "x",\r\n  "id": "client-1"\n}']

    ended = await run_client(backend.url, text="hello")

    assert ended.frames == ['{   "type": "x",   "id": "client-1" }']


@pytest.mark.parametrize("garbage", ["not json", "[1]", b"\x00\xff", ""])
async def test_a_frame_is_printed_when_it_is_garbage(backend: Backend, garbage: str | bytes) -> None:
    backend.script = lambda request: [garbage, reply(request, "pong")]

    ended = await run_client(backend.url, text="hello")

    assert ended.code == 0
    assert len(ended.frames) == 2


async def test_a_refused_request_is_answered_when_the_error_carries_its_id(backend: Backend) -> None:
    backend.script = lambda request: [refusal("unknown_route", request)]

    ended = await run_client(backend.url, text="hello")

    assert (ended.code, kinds(ended.frames)) == (0, ["error"])


async def test_the_exit_code_tells_when_a_request_stays_unanswered(backend: Backend) -> None:
    backend.script = lambda request: [
        {"message": "Internal server error", "connectionId": "c", "requestId": "r"}
    ]

    ended = await run_client(backend.url, "--wait", "0.2", text="one\ntwo\n")

    assert ended.code == 1
    assert len(ended.frames) == 2
    assert ended.notes.splitlines() == ["connected", "requests without an answer: 2"]


async def test_nothing_is_awaited_when_the_input_is_empty(backend: Backend) -> None:
    ended = await run_client(backend.url)

    assert (ended.code, ended.output, ended.notes) == (0, "", "connected\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"x" * 32_769, "line 2: not sent: longer than 32,768 bytes"),
        (b"x" * 1_000_000, "line 2: not sent: longer than 32,768 bytes"),
        (b"x" * 32_768, "line 2: not sent: 32,825 bytes on the wire, and the limit is 32,768"),
        (b"\xff\xfe", "line 2: not sent: not UTF-8"),
    ],
    ids=["over", "far over", "over with its envelope", "not UTF-8"],
)
async def test_the_other_lines_go_on_when_one_cannot_be_sent(
    backend: Backend, line: bytes, said: str
) -> None:
    ended = await run_client(backend.url, text=b'{"action":"ping"}\n' + line + b'\n{"action":"whoami"}\n')

    assert [request["action"] for request in backend.requests] == ["ping", "whoami"]
    assert ended.code == 1
    assert ended.notes.splitlines() == ["connected", said, "lines not sent: 1"]


async def test_a_line_is_sent_when_it_has_exactly_the_size_api_gateway_takes(backend: Backend) -> None:
    start = '{"action":"ping","id":1,"x":"'
    line = start + "x" * (32_768 - len(start) - 2) + '"}'

    ended = await run_client(backend.url, text=line)

    assert backend.received == [line]
    assert ended.code == 0


async def test_it_goes_on_receiving_when_it_listens(backend: Backend) -> None:
    async with client_process(backend.url, "--listen") as client, asyncio.timeout(PATIENCE):
        assert client.stdin
        assert client.stdout
        await backend.until(lambda: backend.people)
        client.stdin.write(b"hello\n")
        assert json.loads(await client.stdout.readline())["type"] == "message"
        assert json.loads(await client.stdout.readline())["type"] == "broadcast.sent"
        await backend.push(message({"user_id": "u-9", "name": "Bob"}, {"text": "later"}))
        assert json.loads(await client.stdout.readline())["data"] == {"text": "later"}

        client.send_signal(signal.SIGINT)
        ended = await finish(client)

    assert (ended.code, ended.notes) == (0, "connected\n")
    await backend.until(lambda: not backend.people)


async def test_the_exit_code_tells_when_it_is_interrupted_before_all_is_answered(backend: Backend) -> None:
    backend.script = lambda _: []
    async with piped_client(backend.url, "--wait", "60") as client:
        client.write("hello\n")
        client.end_input()
        await backend.until(lambda: backend.received)
        client.interrupt()
        ended = await client.ended()

    assert (ended.code, ended.notes) == (130, "connected\n")


@pytest.mark.parametrize(
    ("code", "exit_code"), [(1000, 0), (1001, 1), (1011, 1)], ids=["normal", "going away", "failed"]
)
async def test_the_exit_code_tells_when_the_server_closes(
    backend: Backend, code: int, exit_code: int
) -> None:
    async with piped_client(backend.url, "--listen") as client:
        client.write('{"action":"ping"}')  # a line without its end is sent when the input ends
        client.end_input()
        assert "pong" in await client.read_line()
        await backend.close(code)
        ended = await client.ended()

    assert ended.code == exit_code
    assert f"connection closed: {code}" in ended.notes


async def test_it_is_no_success_when_the_server_closes_before_the_input_ended(backend: Backend) -> None:
    async with piped_client(backend.url) as client:
        await backend.until(lambda: backend.people)
        await backend.close(1000)
        ended = await client.ended()

    assert ended.code == 1
    assert "before all was sent and answered" in ended.notes


async def test_it_ends_when_the_connection_breaks(backend: Backend) -> None:
    async with piped_client(backend.url) as client:
        await backend.until(lambda: backend.people)
        backend.abort()
        ended = await client.ended()

    assert ended.code == 1
    assert "connection closed: 1006" in ended.notes


async def test_it_ends_quietly_when_nobody_reads_its_output(backend: Backend) -> None:
    reader, writer = os.pipe()
    async with client_process(backend.url, output=writer) as client:
        os.close(writer)
        os.close(reader)
        ended = await finish(client, "hello\n")

    assert (ended.code, ended.notes) == (0, "connected\n")


async def test_an_empty_line_is_passed_over_when_one_comes(backend: Backend) -> None:
    ended = await run_client(backend.url, text='\n  \r\n{"action":"ping"}\n\n')

    assert [request["action"] for request in backend.requests] == ["ping"]
    assert ended.code == 0
