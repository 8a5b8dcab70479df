"""Whole runs against a scripted backend.

Covers signalbox.load_test.sockets.dialer.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.certificate import make_certificate
from signalbox.load_test.errors import UnreachableError
from signalbox.load_test.plan import Plan
from signalbox.load_test.report.report import summarise
from signalbox.load_test.run import AT_ONCE, LoadTest
from signalbox.load_test.sockets.connection import Connection, Listener
from signalbox.load_test.sockets.dialer import Dialer
from signalbox.load_test.sockets.handshake import Address, parse_address
from tests.framework.load_test.backend import Backend, running_backend

PATIENCE = 30.0


class Switchboard(Dialer):
    """Opens the first connection, and none of the others; tells when `many` have been asked for."""

    def __init__(self, address: Address, many: int) -> None:
        super().__init__(address)
        self.many, self.asked = many, 0
        self.busy = asyncio.Event()

    async def open(self, listener: Listener, index: int, *, slow: bool = False) -> Connection:
        self.asked += 1
        if self.asked == self.many:
            self.busy.set()
        if index:
            await asyncio.Event().wait()
        return await super().open(listener, index, slow=slow)


def make_test(
    url: str, ca: str | None = None, dialer: Callable[[Address], Dialer] = Dialer, **wanted: Any
) -> LoadTest:
    """A run of 5 connections and 4 broadcasts, but for what is wanted."""
    plan: dict[str, Any] = {
        "connections": 5, "broadcasts": 4, "payload": 64, "rate": 1000.0, "broadcasters": 1,
        "interval": 0.005, "ramp": 1, "storm": 0, "slow": 0, "timeout": 5.0,
    }  # fmt: skip
    return LoadTest(Plan(**plan | wanted), dialer(parse_address(url, ca)), "0a1b2c3d")


async def run(test: LoadTest) -> dict[str, Any]:
    """The summary of a whole run."""
    async with asyncio.timeout(PATIENCE):
        await test.run()
    return summarise(test, url="ws://h/", seconds=1.0, cpu_seconds=0.1, stopped=None)


async def test_nothing_is_lost_when_the_backend_delivers(backend: Backend) -> None:
    summary = await run(make_test(f"{backend.url}?name=load"))

    total = summary["total"]
    assert (total["expected"], total["received"], total["lost"], total["duplicates"]) == (20, 20, 0, 0)
    assert summary["ok"]
    assert 0 < total["latency_ms"]["p50"] <= total["latency_ms"]["p99"] <= total["latency_ms"]["max"]
    assert backend.paths == ["/local?name=load"] * 5


async def test_every_connection_is_closed_normally_when_the_run_ends() -> None:
    async with running_backend() as backend:
        await run(make_test(backend.url))

    assert backend.ends == {1000: 5}


async def test_losses_are_found_when_one_connection_misses_one(backend: Backend) -> None:
    backend.copies = lambda connection, broadcast: 0 if (connection, broadcast) == (3, 2) else 1

    summary = await run(make_test(backend.url, timeout=2.0))

    assert (summary["total"]["received"], summary["total"]["lost"]) == (19, 1)
    assert not summary["ok"]


async def test_a_duplicate_does_not_make_up_for_a_loss_when_the_sum_is_right(backend: Backend) -> None:
    backend.copies = lambda connection, broadcast: {(1, 0): 2, (2, 0): 0}.get((connection, broadcast), 1)

    summary = await run(make_test(backend.url, timeout=2.0))

    total = summary["total"]
    assert (total["received"], total["duplicates"], total["lost"]) == (19, 1, 1)


async def test_deliveries_are_late_when_they_come_after_the_timeout(backend: Backend) -> None:
    backend.delay = 0.2
    backend.copies = lambda connection, broadcast: int(broadcast == 0)

    summary = await run(make_test(backend.url, broadcasts=2, interval=0.4, timeout=0.1))

    total = summary["total"]
    assert (total["received"], total["lost"], total["late"]) == (0, 10, 5)  # nobody waited for the second
    assert not summary["ok"]


async def test_a_delivery_is_lost_when_its_data_was_changed(backend: Backend) -> None:
    backend.garble = True

    assert (await run(make_test(backend.url, timeout=0.1)))["total"]["lost"] == 20


async def test_refusals_are_counted_by_status_when_some_are_refused(backend: Backend) -> None:
    backend.statuses = [503, 101, 429, 503]

    summary = await run(make_test(backend.url))

    assert summary["problems"] == {"refused": {"503": 2, "429": 1}}
    assert (summary["total"]["connections"], summary["total"]["received"], summary["total"]["lost"]) == (
        2,
        8,
        0,
    )
    assert not summary["ok"]


async def test_broadcasts_are_not_sent_when_everybody_is_refused(backend: Backend) -> None:
    backend.statuses = [403] * 5

    summary = await run(make_test(backend.url))

    assert summary["problems"]["refused"] == {"403": 5}
    assert summary["problems"]["unsent"] == {"no connection left to broadcast from": 4}


async def test_losses_do_not_wait_for_the_timeout_when_a_connection_is_closed(backend: Backend) -> None:
    backend.copies = lambda connection, broadcast: int(connection != 4)
    backend.close_after = (4, 1011)

    summary = await run(make_test(backend.url, broadcasts=1, timeout=1000.0))

    assert summary["problems"] == {"closed": {"1011": 1}}
    assert (summary["total"]["expected"], summary["total"]["lost"]) == (5, 1)
    assert not summary["ok"]


async def test_error_frames_are_counted_by_code_when_broadcasts_are_refused(backend: Backend) -> None:
    backend.error = "unavailable"

    summary = await run(make_test(backend.url, timeout=0.1))

    assert summary["problems"] == {"error_frames": {"unavailable": 4}}
    assert summary["total"]["lost"] == 20


async def test_what_a_backend_says_is_bounded_when_it_says_anything(backend: Backend) -> None:
    backend.error = "\x1b[2J"

    assert (await run(make_test(backend.url, timeout=0.1)))["problems"] == {"error_frames": {"other": 4}}


async def test_broadcasters_take_turns_when_there_are_several(backend: Backend) -> None:
    await run(make_test(backend.url, broadcasters=2))

    assert sorted(backend.senders.values()) == [2, 2]


async def test_each_step_is_measured_when_there_is_a_ramp(backend: Backend) -> None:
    summary = await run(make_test(backend.url, ramp=2, broadcasts=3))

    rows = [
        (row["phase"], row["connections"], row["broadcasts"], row["received"]) for row in summary["phases"]
    ]
    assert rows == [("step 1", 2, 1, 2), ("step 2", 5, 2, 10)]
    assert summary["total"]["received"] == 12


async def test_everybody_is_back_when_there_was_a_storm(backend: Backend) -> None:
    # With this rate a third connection would come after 100 s: no rate holds a storm up.
    summary = await run(make_test(backend.url, connections=2, storm=2, broadcasts=6, rate=0.01))

    rows = [(row["phase"], row["connections"], row["received"], row["lost"]) for row in summary["phases"]]
    assert rows == [("run", 2, 4, 0), ("storm 1", 2, 4, 0), ("storm 2", 2, 4, 0)]
    assert summary["ok"]  # what was cut on purpose is no problem
    assert len(backend.paths) == 6


@pytest.mark.parametrize(("rate", "asked"), [(0.01, 2), (1e6, 1 + AT_ONCE)])
async def test_connections_wait_when_their_turn_has_not_come_or_too_many_are_opening(
    backend: Backend, rate: float, asked: int
) -> None:
    switchboard = Switchboard(parse_address(backend.url, None), asked)
    test = make_test(backend.url, dialer=lambda _: switchboard, connections=300, rate=rate)
    running = asyncio.create_task(test.run())
    async with asyncio.timeout(PATIENCE):
        await switchboard.busy.wait()
    for _ in range(10):  # whoever does not wait is asked for in the same round of the loop
        await asyncio.sleep(0)

    assert switchboard.asked == asked
    running.cancel()
    await asyncio.wait([running])


async def test_slow_readers_are_apart_when_there_are_any(backend: Backend) -> None:
    backend.copies = lambda connection, broadcast: 0 if connection == 5 and broadcast else 1

    summary = await run(make_test(backend.url, slow=1))

    assert (summary["total"]["expected"], summary["total"]["received"]) == (20, 20)
    assert summary["slow_readers"] == {"connections": 1, "frames": 1, "closed": {}}
    assert summary["ok"]


async def test_what_was_measured_is_there_when_the_run_is_cancelled(backend: Backend) -> None:
    test = make_test(backend.url, broadcasts=1000, interval=0.05)
    third = asyncio.Event()
    backend.stir = lambda broadcast: third.set() if broadcast == 2 else None
    running = asyncio.create_task(test.run())
    async with asyncio.timeout(PATIENCE):
        await third.wait()
        await backend.until_read()
        running.cancel()
        await asyncio.wait([running])

    summary = summarise(test, url="ws://h/", seconds=1.0, cpu_seconds=0.1, stopped="SIGINT")
    total = summary["total"]
    assert total["received"] >= 10
    assert total["expected"] == total["received"] + total["pending"]
    assert total["lost"] == 0
    assert test.open_connections == 0
    assert not summary["ok"]


async def test_the_failure_is_worded_when_nobody_is_there() -> None:
    with pytest.raises(UnreachableError, match="nothing listens there"):
        await run(make_test("ws://127.0.0.1:1/"))
    with pytest.raises(UnreachableError, match=r"no such host: nobody\.invalid"):
        await run(make_test("ws://nobody.invalid/"))


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[tuple[Backend, str]]:
    """A backend behind TLS, and the certificate to trust."""
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with running_backend(context) as backend:
        yield backend, str(certificate)


async def test_nothing_is_lost_when_the_certificate_is_trusted(secure: tuple[Backend, str]) -> None:
    backend, certificate = secure

    summary = await run(make_test(backend.url, ca=certificate))

    assert summary["ok"]
    assert summary["total"]["received"] == 20


async def test_the_failure_is_worded_when_the_certificate_is_not_trusted(secure: tuple[Backend, str]) -> None:
    with pytest.raises(UnreachableError, match="certificate is not trusted"):
        await run(make_test(secure[0].url))
