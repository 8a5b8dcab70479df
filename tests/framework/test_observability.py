import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from logging import StreamHandler

import pytest

from connection_store import StoreBusyError, StoreError, TransactionConflictError
from signalbox.observability import count, flush_metrics, logger, report_unexpected
from signalbox.publisher import QueueError
from signalbox.resolver import UnavailableError
from tests.framework.realtime.backend import NOW, Backend

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
    backend: Backend, log: StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    backend.connect("a=", name=CANARY)
    backend.send("a=", {"action": "broadcast", "data": CANARY})
    backend.send("a=", {"action": "broadcast", "dat": CANARY})
    backend.send("a=", CANARY)
    backend.disconnect("a=")

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


def test_nothing_is_logged_when_a_ping_is_answered(backend: Backend, log: StringIO) -> None:
    backend.connect("a=")
    log.truncate(0)
    backend.send("a=", {"action": "ping"})

    assert lines(log.getvalue()) == []


def test_type_and_place_are_logged_without_the_text_when_a_handler_has_a_bug(
    backend: Backend, log: StringIO
) -> None:
    @backend.on_message("fail")
    async def fail() -> None:
        raise ValueError(CANARY * 20_000)

    backend.connect("a=")
    frame = backend.send("a=", {"action": "fail"})

    assert set(frame) == {"type", "code", "retry", "request_id"}
    assert CANARY not in log.getvalue()
    (line,) = [line for line in lines(log.getvalue()) if line.get("level") == "ERROR"]
    assert line["error"] == "ValueError"
    assert str(line["trace"]).endswith(":fail")
    assert line["correlation_id"] == frame["request_id"]


def test_deliveries_are_counted_without_a_connection_id_when_broadcast(
    backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    backend.connect("a=")
    backend.send("a=", {"action": "broadcast", "data": 1}, now=NOW)

    (metrics,) = [line for line in lines(capsys.readouterr().out) if "DeliveriesSent" in line]

    assert metrics["DeliveriesSent"] == [1.0]
    assert "a=" not in json.dumps(metrics)


def failures(printed: str) -> dict[str, object]:
    """What is printed of the metrics that alarms look at."""
    names = ("Unexpected", "Unavailable")
    return {name: line[name] for line in lines(printed) for name in names if name in line}


def test_bug_is_counted_with_its_event_when_the_client_is_told_internal(
    backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    @backend.on_message("fail")
    async def fail() -> None:
        raise KeyError(CANARY)

    backend.connect("a=")
    assert failures(capsys.readouterr().out) == {}
    assert backend.send("a=", {"action": "fail"})["code"] == "internal"

    assert failures(capsys.readouterr().out) == {"Unexpected": [1.0]}


@pytest.mark.parametrize("error", [StoreError("x"), StoreBusyError("x"), QueueError("x"), UnavailableError()])
def test_failure_is_counted_with_its_event_when_the_client_is_told_unavailable(
    backend: Backend, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    @backend.on_message("fail")
    async def fail() -> None:
        raise error

    backend.connect("a=")
    assert backend.send("a=", {"action": "fail"})["code"] == "unavailable"

    assert failures(capsys.readouterr().out) == {"Unavailable": [1.0]}


@pytest.mark.parametrize("event", [Backend.connect, Backend.disconnect])
def test_failure_is_counted_when_there_is_no_frame_to_tell_it(
    capsys: pytest.CaptureFixture[str], event: Callable[[Backend, str], object]
) -> None:
    event(Backend(), "a=")  # without a table

    assert failures(capsys.readouterr().out) == {"Unavailable": [1.0]}


@pytest.mark.parametrize(("event", "counted"), [("disconnect", {"Unavailable": [1.0]}), ("ping", {})])
def test_f34_conflict_is_counted_when_nobody_tries_again(
    backend: Backend, capsys: pytest.CaptureFixture[str], event: str, counted: dict[str, object]
) -> None:
    backend.connect("a=")
    capsys.readouterr()

    async def contended(*_: object) -> None:
        raise TransactionConflictError("update_item")

    backend.table._retry = contended  # type: ignore[method-assign,assignment]  # what no emulator shows
    if event == "disconnect":
        assert backend.disconnect("a=") == {"statusCode": 200}
    else:
        assert backend.send("a=", {"action": event})["code"] == "conflict"

    assert failures(capsys.readouterr().out) == counted


def test_worker_that_found_no_store_is_no_bug_when_it_is_reported(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for error in (StoreBusyError("x"), QueueError("x"), LookupError("x")):
        report_unexpected(error, debug=False)

    printed = [failures(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert printed == [{"Unavailable": [1.0]}, {"Unavailable": [1.0]}, {"Unexpected": [1.0]}]


def test_nothing_is_printed_when_metrics_are_disabled(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")

    for _ in range(101):  # Powertools holds a hundred values of a name
        count("Connected")
        flush_metrics()

    assert capsys.readouterr().out == ""


def test_tracing_is_not_loaded_when_the_application_is_imported() -> None:
    program = "import sys, signalbox.application; print([name for name in sys.modules if 'xray' in name])"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert run.stdout.strip() == "[]"
