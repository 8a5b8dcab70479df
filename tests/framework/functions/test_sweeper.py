import asyncio
from typing import Any

import pytest

from connection_store import StoreBusyError
from signalbox.functions.sweeper import make_handler
from tests.framework.realtime.backend import NOW, Backend

HOUR_LATER = {"time": "2026-01-01T01:00:00Z"}


class Invocation:
    """What Lambda tells a function of its invocation."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture
def started() -> Backend:
    backend = Backend()
    asyncio.run(backend.connections.init_table())
    return backend


def test_silent_connections_end_when_the_clock_strikes(started: Backend) -> None:
    for letter in "ab":
        started.connect(f"{letter}=")
    sweep = make_handler(started.services)

    assert sweep({"time": "2026-01-01T00:00:01Z"}, Invocation()) == {"ended": 0}
    assert sweep(HOUR_LATER, Invocation()) == {"ended": 2}
    assert sweep(HOUR_LATER, Invocation()) == {"ended": 0}


def test_instant_is_the_events_when_it_has_an_offset(started: Backend) -> None:
    started.connect("a=", now=NOW)
    sweep = make_handler(started.services)

    assert sweep({"time": "2026-01-01T02:00:01+02:00"}, Invocation()) == {"ended": 0}


def test_failure_is_reported_and_raised_when_the_store_cannot_be_read(
    started: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: Any, **__: Any) -> int:
        raise StoreBusyError("canary")

    monkeypatch.setattr(type(started.services.endings), "sweep", fail)

    with pytest.raises(StoreBusyError):
        make_handler(started.services)(HOUR_LATER, Invocation())
    assert [record.message for record in caplog.records] == ["unexpected failure"]
