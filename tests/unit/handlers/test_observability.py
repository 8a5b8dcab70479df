import json
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from logging import StreamHandler

import pytest

from handlers.observability import count, flush_metrics, logger
from tests.unit.handlers.bench import NOW, Bench

CANARY = "canary-5f1c"


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the logger writes; it holds on to the standard output of its making."""
    handler = logger.registered_handler
    assert isinstance(handler, StreamHandler)
    previous = handler.setStream(written := StringIO())
    yield written
    handler.setStream(previous)


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_line_holds_only_the_listed_fields_when_an_event_is_logged(
    bench: Bench, log: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.connect("a=", name=CANARY)
    bench.send("a=", {"action": "broadcast", "data": CANARY})
    bench.send("a=", {"action": "broadcast", "dat": CANARY})
    bench.send("a=", CANARY)
    bench.disconnect("a=")

    assert CANARY not in log.getvalue() + capsys.readouterr().out
    events = [line for line in lines(log.getvalue()) if line.get("message") == "event"]
    assert [(line["route"], line["outcome"]) for line in events] == [
        ("$connect", "ok"),
        ("broadcast", "ok"),
        ("broadcast", "invalid_message"),
        ("$default", "bad_request"),
        ("$disconnect", "ok"),
    ]
    assert [line["level"] for line in events] == ["INFO", "INFO", "WARNING", "WARNING", "INFO"]
    fixed = {"level", "location", "message", "timestamp", "service", "correlation_id"}
    ours = {"route", "connection_id", "source_ip", "user_id", "close_code", "outcome"}
    assert all(set(line) <= fixed | ours for line in events)
    assert [line["correlation_id"] for line in events] == [f"request-{number}" for number in range(1, 6)]


def test_nothing_is_logged_when_a_ping_is_answered(bench: Bench, log: StringIO) -> None:
    bench.connect("a=")
    log.truncate(0)
    bench.send("a=", {"action": "ping"})

    assert lines(log.getvalue()) == []


def test_type_and_place_are_logged_without_the_text_when_a_handler_has_a_bug(
    bench: Bench, log: StringIO
) -> None:
    @bench.on_message("fail")
    async def fail() -> None:
        raise ValueError(CANARY * 20_000)

    bench.connect("a=")
    frame = bench.send("a=", {"action": "fail"})

    assert set(frame) == {"type", "code", "retry", "request_id"}
    assert CANARY not in log.getvalue()
    (line,) = [line for line in lines(log.getvalue()) if line.get("level") == "ERROR"]
    assert line["error"] == "ValueError"
    assert str(line["trace"]).endswith(":fail")
    assert line["correlation_id"] == frame["request_id"]


def test_deliveries_are_counted_without_a_connection_id_when_broadcast(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.connect("a=")
    bench.send("a=", {"action": "broadcast", "data": 1}, now=NOW)

    (metrics,) = [line for line in lines(capsys.readouterr().out) if "DeliveriesSent" in line]

    assert metrics["DeliveriesSent"] == [1.0]
    assert "a=" not in json.dumps(metrics)


def test_nothing_is_printed_when_metrics_are_disabled(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")

    for _ in range(101):  # Powertools holds a hundred values of a name
        count("Connected")
        flush_metrics()

    assert capsys.readouterr().out == ""


def test_tracing_is_not_loaded_when_the_application_is_imported() -> None:
    program = "import sys, handlers.application; print([name for name in sys.modules if 'xray' in name])"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert run.stdout.strip() == "[]"
