from typing import Any

import pytest

from signalbox.client.errors import CommandError
from signalbox.client.terminal.commands import parse_command


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("hello all", {"action": "broadcast", "data": {"text": "hello all"}}),
        ("/who", {"action": "who"}),
        ("/who abc", {"action": "who", "cursor": "abc"}),
        ("/me", {"action": "whoami"}),
        ("/ping", {"action": "ping"}),
        ("/to u-1 hello  you", {"action": "direct.send", "to": "u-1", "data": {"text": "hello  you"}}),
        ('/raw {"action": "x"}', '{"action": "x"}'),
        ("/raw not json", "not json"),
    ],
)
def test_a_line_becomes_a_request_when_it_is_typed(line: str, request_: dict[str, Any] | str) -> None:
    assert parse_command(line) == request_


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/to", "user id and a text"),
        ("/to u-1", "user id and a text"),
        ("/nope", "no command /nope"),
        ("/", "/help"),
    ],
)
def test_a_command_is_explained_when_it_is_wrong(line: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        parse_command(line)
