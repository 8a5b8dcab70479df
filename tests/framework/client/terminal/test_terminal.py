import io
from collections.abc import AsyncIterator

from signalbox.client.connection.stream import open_stream
from signalbox.client.terminal.terminal import Conversation, Terminal
from signalbox.client.terminal.transcript import clock
from tests.framework.client.backend import NOON, Backend, message
from tests.framework.client.commandline import terminal_client, terminal_process

BOB = {"user_id": "u-9", "name": "Bob"}
CLEAR = "\r\x1b[K"


async def test_a_person_is_told_who_they_are_when_they_connect(backend: Backend) -> None:
    async with terminal_client(backend.url, "--name", "Ann Smith") as client:
        await client.until("you are Ann Smith, user id u-1")
        await client.until(f"{CLEAR}> ")

    assert backend.paths == ["/local?name=Ann+Smith"]


async def test_a_line_goes_to_everyone_when_it_is_typed(backend: Backend) -> None:
    async with terminal_client(backend.url, "--name", "Ann") as client:
        await client.until("> ")
        client.type("helo\x7flo\r")
        await client.until("> hello\r\n")
        await client.until(f"{clock(NOON)} Ann: hello\r\n")
        await client.until("sent to 1 of 1\r\n")


async def test_the_commands_are_obeyed_when_they_are_typed(backend: Backend) -> None:
    async with terminal_client(backend.url, "--name", "Ann") as client:
        await client.until("> ")
        for typed, shown in {
            "/who": "1 connected\r\n  Ann  u-1",
            "/ping": "pong, the server's clock",
            "/to u-1 psst": "→ you from Ann: psst",
            "/to u-7 psst": "error: nobody there [not_found",
            '/raw {"action":"nope"}': "error: the server knows no such action [unknown_route",
            "/help": "/to USER_ID text ",
            "/nope": "no command /nope",
        }.items():
            client.type(typed + "\r")
            await client.until(shown)
        client.type("/quit\r")

        assert await client.ended() == 0
        assert client.echoes()


async def test_a_line_is_not_sent_when_it_is_too_large(backend: Backend) -> None:
    async with terminal_client(backend.url) as client:
        await client.until("you are guest")
        for number in range(33):
            client.type(f"{number:x>1000}")
            await client.until(f"x{number}")
        client.type("\r")
        await client.until("not sent: 33,057 bytes on the wire, and the limit is 32,768")

    assert [request["action"] for request in backend.requests] == ["whoami"]


async def test_what_is_being_typed_stays_when_a_message_comes(backend: Backend) -> None:
    async with terminal_client(backend.url) as client:
        await client.until("you are guest")
        client.type("half a li")
        await client.until("> half a li")
        await backend.push(message(BOB, {"text": "\x1b[2Jpsst"}, audience="you"))
        await client.until(f"{CLEAR}{clock(NOON)} → you from Bob: \\x1b[2Jpsst\r\n{CLEAR}> half a li")
        client.type("ne\r")
        await client.until("> half a line\r\n")

        await backend.until(lambda: backend.requests[-1].get("data") == {"text": "half a line"})


async def test_only_the_end_of_the_line_is_shown_when_it_is_longer_than_a_row(backend: Backend) -> None:
    async with terminal_process(backend.url) as client:
        await client.until("you are guest")
        client.type("a" * 70 + "b" * 70)
        await client.until(f"{CLEAR}> {'a' * 7}{'b' * 70}")

        assert "a" * 78 not in client.screen


async def test_it_ends_well_when_ctrl_c_is_pressed(backend: Backend) -> None:
    async with terminal_process(backend.url) as client:
        await client.until("you are guest")
        [socket] = backend.people
        client.type("half\x03")

        assert await client.ended() == 0
        assert client.echoes()
    assert socket.close_code == 1000
    assert "Traceback" not in client.screen


async def test_it_ends_well_when_ctrl_d_is_pressed(backend: Backend) -> None:
    async with terminal_client(backend.url) as client:
        await client.until("you are guest")
        client.type("\x04")

        assert await client.ended() == 0
        assert client.echoes()


async def test_the_close_is_explained_when_the_server_goes_away(backend: Backend) -> None:
    async with terminal_client(backend.url) as client:
        await client.until("you are guest")
        client.type("half")
        await backend.close(1001, "Going away")

        await client.until(f"{CLEAR}connection closed: 1001, going away: idle for ten minutes")
        assert await client.ended() == 1
        assert client.echoes()


async def test_the_close_is_no_failure_when_the_server_closes_normally(backend: Backend) -> None:
    async with terminal_client(backend.url) as client:
        await client.until("you are guest")
        await backend.close(1000)

        await client.until("connection closed: 1000, closed normally")
        assert await client.ended() == 0


async def test_the_refusal_is_explained_when_the_backend_says_no(backend: Backend) -> None:
    backend.refusal = 403
    async with terminal_client(backend.url) as client:
        await client.until("refused: HTTP 403 Forbidden (not allowed")
        assert await client.ended() == 3
        assert client.echoes()


async def test_lines_are_coloured_when_the_terminal_may_have_colours(backend: Backend) -> None:
    async with terminal_client(backend.url, NO_COLOR="") as client:
        await client.until("\x1b[2myou are guest")
        await backend.push(message(BOB, {"text": "psst"}, audience="you"))
        await client.until("\x1b[35m")


async def test_nothing_is_coloured_when_no_color_is_set(backend: Backend) -> None:
    async with terminal_client(backend.url) as client:
        await client.until("you are guest")
        client.type("/nope\r")
        await client.until("no command")

        assert "\x1b[" not in client.screen.replace("\x1b[K", "")


async def test_characters_are_escaped_when_the_terminal_does_not_know_them(backend: Backend) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    async with terminal_process(backend.url, **ascii_only) as client:
        await client.until("you are guest")
        await backend.push(message(BOB, {"text": "café"}, audience="you"))

        await client.until(r"\u2192 you from Bob: caf\xe9")


async def test_the_silence_is_said_when_a_request_stays_unanswered(backend: Backend) -> None:
    backend.script = lambda request: []
    screen = io.StringIO()

    async def keys() -> AsyncIterator[bytes]:
        yield b"/ping\r"
        await backend.until(lambda: "/ping" in screen.getvalue().partition("no answer for 0.05 s: ")[2])

    async with open_stream(backend.url, keep_alive=0.02) as stream:
        await Conversation(stream, Terminal(screen, colours=False), answer_timeout=0.05).run(keys())

    assert "no answer for 0.05 s: /me\n" in screen.getvalue()
    assert "no answer for 0.05 s: /ping\n" in screen.getvalue()
