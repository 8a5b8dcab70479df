"""A log line is one short line, whatever a function calls its errors; secrets are in none."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from signalbox.gateway.log import JsonFormatter, LogFormat, TextFormatter, log_to, record, show

EVENT = {
    "headers": {"Authorization": "Basic c2VjcmV0", "Cookie": "secret=1", "x-api-key": "", "Host": "x"},
    "multiValueHeaders": {"authorization": ["Basic c2VjcmV0"], "Host": ["x"]},
    "queryStringParameters": {"token": "secret", "client": "secret", "name": "Ann"},
    "multiValueQueryStringParameters": {"access_token": ["secret"], "name": ["Ann"]},
    "body": "hello",
}
MASKED = {
    "headers": {"Authorization": "***", "Cookie": "***", "x-api-key": "", "Host": "x"},
    "multiValueHeaders": {"authorization": "***", "Host": ["x"]},
    "queryStringParameters": {"token": "***", "client": "***", "name": "Ann"},
    "multiValueQueryStringParameters": {"access_token": "***", "name": ["Ann"]},
    "body": "hello",
}


class Terminal(io.StringIO):
    """What says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The log, with all that is for debugging."""
    caplog.set_level(logging.DEBUG, "signalbox.gateway")
    return caplog


@pytest.fixture
def _restored() -> Iterator[None]:
    """Logging as it was, after the test."""
    root, ours = logging.getLogger(), logging.getLogger("signalbox.gateway")
    handlers, level = list(root.handlers), ours.level
    yield
    root.handlers = handlers
    ours.setLevel(level)


def test_line_is_one_short_line_when_the_result_is_hostile(log: pytest.LogCaptureFixture) -> None:
    record("A=", "$default", 502, "error \x1b[31m\r\nforged " + "x" * 10_000, seconds=0.0123)

    line = log.records[0].getMessage()
    assert "12.3 ms  502 error [31mforged xxx" in line
    assert len(line) < 140


def test_columns_are_the_same_when_nothing_was_invoked(log: pytest.LogCaptureFixture) -> None:
    record("AAAAAAAAAAAAAAA=", "$default", 200, "ok", sandbox="sandbox-1", seconds=0.0123)
    record("", "$connect", 429, "throttled")

    lines = [each.getMessage() for each in log.records]
    assert lines[0].index("200 ok") == lines[1].index("429 throttled")


@pytest.mark.parametrize(
    ("status", "level"),
    [(200, logging.INFO), (304, logging.INFO), (410, logging.WARNING), (502, logging.ERROR)],
)
def test_level_says_whose_fault_it_was(log: pytest.LogCaptureFixture, status: int, level: int) -> None:
    record("A=", "$default", status, "x")

    assert log.records[0].levelno == level


def test_result_and_connection_are_painted_when_in_colour(log: pytest.LogCaptureFixture) -> None:
    for connection_id in ("A=", "B="):
        record(connection_id, "$default", 502, "error KeyError")

    one, other = [TextFormatter(colour=True).format(each) for each in log.records]
    assert one.endswith("  \x1b[31m502 error KeyError\x1b[0m")
    assert one.split("A=")[0][-5:] != other.split("B=")[0][-5:]
    assert "\x1b" not in TextFormatter(colour=False).format(log.records[0])


def test_json_has_only_what_is_known(log: pytest.LogCaptureFixture) -> None:
    record("A=", "$connect", 200, "ok", sandbox="sandbox-1", seconds=0.0123)
    record("", "$connect", 429, "throttled")
    logging.getLogger("signalbox.gateway.http.server").warning("plain %s", "words")

    lines = [json.loads(JsonFormatter().format(each)) for each in log.records]
    assert all(line.pop("time").endswith("+00:00") for line in lines)
    assert lines == [
        {
            "level": "info",
            "connection": "A=",
            "route": "$connect",
            "sandbox": "sandbox-1",
            "ms": 12.3,
            "result": "200 ok",
        },
        {"level": "warning", "route": "$connect", "result": "429 throttled"},
        {"level": "warning", "message": "plain words"},
    ]


def test_secrets_are_masked_when_an_event_is_shown(log: pytest.LogCaptureFixture) -> None:
    show(json.dumps(EVENT).encode())

    assert json.loads(log.records[0].getMessage()) == MASKED
    assert json.loads(JsonFormatter().format(log.records[0]))["event"] == MASKED


def test_event_is_not_read_when_nobody_debugs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "signalbox.gateway")
    show(b"not even JSON")

    assert caplog.records == []


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize(
    ("stream", "no_color", "painted"),
    [(Terminal(), "", True), (Terminal(), "1", False), (io.StringIO(), "", False)],
)
def test_colour_is_for_terminals_when_nobody_minds(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, no_color: str, painted: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    log_to(stream)
    record("A=", "$default", 200, "ok")

    assert ("\x1b" in stream.getvalue()) == painted


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_events_are_shown_when_debugging(log_format: LogFormat) -> None:
    stream = io.StringIO()
    log_to(stream, log_format=log_format, debug=True)
    show(json.dumps(EVENT).encode())

    assert '"***"' in stream.getvalue()
    assert (len(stream.getvalue().splitlines()) == 1) == (log_format == "json")
