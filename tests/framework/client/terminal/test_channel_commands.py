"""Covers signalbox.client.terminal.printer."""

import json
from pathlib import Path
from typing import Any

import pytest

from signalbox.client.terminal.transcript import clock
from tests.framework.client.backend import NOON, Backend, refusal, reply
from tests.framework.client.commandline import piped_client, run_client, terminal_client

ANN = {"user_id": "u-1", "name": "Ann"}


def shown(offset: int, data: object) -> dict[str, object]:
    """A publication as a line."""
    place = {"channel": "room:1", "position": f"e:{offset}"}
    return {**place, "sender": ANN, "data": data, "sent_at": NOON}


async def test_publications_are_json_lines_when_subscribed_in_a_pipe(backend: Backend) -> None:
    async with piped_client("subscribe", backend.url, "room:1", "--name", "Ann") as client:
        await backend.until(lambda: len(backend.received) == 2)
        await backend.publish("room:1", "half a pair: \ud800", ANN)
        assert json.loads(await client.read_line()) == shown(1, "half a pair: \ud800")
        backend.abort()
        await backend.until(lambda: len(backend.paths) == 2 and len(backend.received) == 4)
        await backend.publish("room:1", {"text": "again"}, ANN)
        assert json.loads(await client.read_line()) == shown(2, {"text": "again"})
        client.interrupt()
        ended = await client.ended()

    assert ended.code == 0
    assert "next attempt in" in ended.notes
    assert ended.notes.splitlines()[-2:] == ["connected again", "to go on from here: --since e:2"]
    assert backend.requests[3]["channels"] == [{"channel": "room:1", "since": {"epoch": "e", "offset": 1}}]


async def test_what_was_missed_is_shown_when_it_goes_on_since_a_position(backend: Backend) -> None:
    for number in (1, 2, 3):
        await backend.publish("room:1", number, ANN)
    async with piped_client("subscribe", backend.url, "room:1", "--since", "e:1") as client:
        lines = [json.loads(await client.read_line()) for _ in range(2)]
        client.interrupt()
        await client.ended()

    assert lines == [shown(2, 2), shown(3, 3)]


async def test_publications_are_readable_when_subscribed_on_a_terminal(backend: Backend) -> None:
    async with terminal_client("subscribe", backend.url, "room:1") as client:
        await backend.until(lambda: len(backend.received) == 2)
        await backend.publish("room:1", {"text": "\x1b[2Jhello"}, ANN)
        await client.until(f"{clock(NOON)} Ann: \\x1b[2Jhello\r\n")
        client.interrupt()
        assert await client.ended() == 0


async def test_every_line_is_published_when_it_reads_a_pipe(backend: Backend) -> None:
    ended = await run_client("publish", backend.url, "room:1", text='hello\n\n{"n": 1}\n')

    assert [json.loads(line) for line in ended.frames] == [
        {"channel": "room:1", "position": "e:1"},
        {"channel": "room:1", "position": "e:2"},
    ]
    assert [entry["data"] for entry in backend.log] == [{"text": "hello"}, {"n": 1}]
    assert ended.code == 0


@pytest.mark.parametrize("arguments", [["news:all", "hello"], ["news:all", "--name", "Ann", "hello"]])
async def test_a_text_is_published_when_it_is_on_the_command_line(
    backend: Backend, arguments: list[str]
) -> None:
    ended = await run_client("publish", backend.url, *arguments)

    assert [entry["data"] for entry in backend.log] == [{"text": "hello"}]
    assert ended.code == 0


async def test_only_a_line_is_left_out_when_it_cannot_be_sent(backend: Backend) -> None:
    lines = ["one", "", '{"a": "\\ud800"}', '{"a": 1e999}', "x" * 32_768, "two"]

    ended = await run_client("publish", backend.url, "room:1", text="\n".join(lines))

    assert [entry["data"] for entry in backend.log] == [{"text": "one"}, {"text": "two"}]
    assert ended.code == 1
    assert [note.partition(":")[0] for note in ended.notes.splitlines()] == [
        "line 3",
        "line 4",
        "line 5",
        "texts not sent",
    ]


async def test_a_text_is_refused_when_it_is_not_utf_8(backend: Backend) -> None:
    ended = await run_client("publish", backend.url, "room:1", "half: \udcff")

    assert backend.log == []
    assert ended.code == 1
    assert ended.notes.startswith("TEXT: not sent: ")


@pytest.mark.parametrize("channel", ["x" * 129, "room:\udcff", "room 1"])
async def test_a_channel_is_refused_when_none_is_called_so(backend: Backend, channel: str) -> None:
    ended = await run_client("presence", backend.url, channel)

    assert ended.code == 2
    assert f"{channel!r} is not a channel name" in ended.notes


@pytest.mark.parametrize("answered", [0, 1])
async def test_the_exit_code_tells_when_it_is_interrupted_before_all_is_acknowledged(
    backend: Backend, answered: int
) -> None:
    def script(request: dict[str, Any]) -> list[Any]:
        match request["action"]:
            case "hello":
                return [reply(request, "welcome")]
            case "channel.subscribe":
                return [refusal("forbidden", request)]
        taken = backend.actions.count("channel.publish") <= answered
        return [reply(request, "channel.published", position=None)] if taken else []

    backend.script = script
    async with piped_client("publish", backend.url, "room:1") as client:
        client.write("one\ntwo\n")
        client.end_input()
        await backend.until(lambda: backend.actions.count("channel.publish") > answered)
        client.interrupt()
        ended = await client.ended()

    assert (ended.code, len(ended.frames), ended.notes) == (130, answered, "")


async def test_it_ends_when_the_server_sends_it_away_while_it_waits_for_input(backend: Backend) -> None:
    async with piped_client("publish", backend.url, "room:1") as client:
        client.write("one\n")
        await client.read_line()
        await backend.push({"v": 1, "type": "disconnect", "code": "logged_out", "reconnect": False})
        ended = await client.ended()

    assert (ended.code, ended.notes) == (1, "the server ended the connection: logged_out\n")


async def test_what_came_is_shown_when_the_server_sends_the_subscriber_away(backend: Backend) -> None:
    async with piped_client("subscribe", backend.url, "room:1") as client:
        await backend.until(lambda: len(backend.received) == 2)
        for number in range(100):
            await backend.publish("room:1", number, ANN)
        await backend.push({"v": 1, "type": "disconnect", "code": "logged_out", "reconnect": False})
        ended = await client.ended()

    assert [json.loads(line)["data"] for line in ended.frames] == list(range(100))
    assert ended.code == 1


@pytest.mark.parametrize(("options", "numbers"), [(["--limit", "2"], [1, 2]), (["--since", "e:1"], [2, 3])])
async def test_history_is_json_lines_when_it_is_asked_for(
    backend: Backend, options: list[str], numbers: list[int]
) -> None:
    for number in (1, 2, 3):
        await backend.publish("room:1", number, ANN)

    ended = await run_client("history", backend.url, "room:1", *options)

    assert [json.loads(line) for line in ended.frames] == [shown(number, number) for number in numbers]


async def test_presence_is_a_line_for_each_user_when_it_is_asked_for(backend: Backend) -> None:
    ended = await run_client("presence", backend.url, "room:1")

    assert json.loads(ended.output) == {"user_id": "u-1", "names": ["Ann", "Ann's phone"]}


async def test_the_exit_code_tells_when_the_server_refuses_the_channel(backend: Backend) -> None:
    ended = await run_client("subscribe", backend.url, "news:all")

    assert ended.code == 1
    assert ended.notes == "error: you may not do this [forbidden, request r-1]\n"


async def test_no_connection_is_made_when_the_first_attempt_fails(backend: Backend, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t-1\n")
    backend.refusal = 401

    ended = await run_client("presence", backend.url, "room:1", "--token-file", str(token))

    assert ended.code == 3
    assert ended.notes.startswith("refused: HTTP 401")
    assert backend.offered == [["realtime.v1", "bearer.t-1"]]


@pytest.mark.parametrize("limit", ["0", "-3", "few", "1.5", "²"])
async def test_a_limit_is_refused_when_it_is_no_number_of_publications(backend: Backend, limit: str) -> None:
    ended = await run_client("history", backend.url, "room:1", f"--limit={limit}")

    assert ended.code == 2
    assert f"{limit!r} is not a whole number from 1" in ended.notes


async def test_a_position_is_refused_when_it_is_none(backend: Backend) -> None:
    ended = await run_client("subscribe", backend.url, "room:1", "--since", "yesterday")

    assert ended.code == 2
    assert "'yesterday' is not a position: use one like 5f0c1d9b7a3e:41" in ended.notes
