import asyncio
import os
import resource
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from signalbox.load_test.arguments import make_parser, make_plan
from signalbox.load_test.command import measure
from signalbox.load_test.run import LoadTest
from signalbox.load_test.sockets.dialer import Dialer
from signalbox.load_test.sockets.handshake import parse_address
from tests.framework.load_test.backend import Backend
from tests.framework.load_test.commandline import Ended, captured, end, read_json, run_load, start

Running = Callable[[], Awaitable[None]]
"""Waits until a run has something to report."""

ROW = {
    "phase": str, "began": float, "opening_seconds": float, "connections": int,
    "connects_per_second": float, "broadcasts": int, "expected": int, "received": int, "duplicates": int,
    "lost": int, "late": int, "pending": int, "latency_ms": dict,
}  # fmt: skip


async def test_a_table_is_printed_when_all_went_well(backend: Backend) -> None:
    ended = await run_load(
        "--url", backend.url, "--connections", "20", "--broadcasts", "3", "--interval", "0.01"
    )

    heading, row, *_, verdict = ended.output.splitlines()
    assert ended.code == 0
    assert heading.split()[:3] == ["phase", "connections", "connects/s"]
    assert row.split()[:2] + row.split()[3:8] == ["run", "20", "3", "60", "60", "0", "0"]
    assert verdict == "OK: every connection received every broadcast"
    assert ended.notes == ""


async def test_the_figures_are_a_file_of_json_when_it_is_asked_for(backend: Backend, tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    await run_load(
        "--url", f"{backend.url}?token=secret", "--connections", "4", "--ramp", "2", "--interval", "0.01",
        "--broadcasts", "4", "--json", str(path),
    )  # fmt: skip

    summary = read_json(path)
    assert {name: type(value) for name, value in summary.items()} == {
        "version": int, "url": str, "stopped": type(None), "ok": bool, "seconds": float, "cpu_seconds": float,
        "phases": list, "total": dict, "timeline": list, "histogram": list, "slow_readers": dict,
        "problems": dict,
    }  # fmt: skip
    for row in (*summary["phases"], summary["total"]):
        assert {name: type(value) for name, value in row.items()} == ROW
        assert {name: type(value) for name, value in row["latency_ms"].items()} == dict.fromkeys(
            ["p50", "p95", "p99", "max"], float
        )
    assert [moment["phase"] for moment in summary["timeline"]] == ["step 1"] * 2 + ["step 2"] * 2
    assert sum(count for _, count in summary["histogram"]) == summary["total"]["received"] == 12
    assert summary["url"] == backend.url  # a query may carry a token


async def test_the_figures_are_a_page_when_it_is_asked_for(backend: Backend, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    ended = await run_load(
        "--url", f"{backend.url}?token=secret", "--connections", "4", "--broadcasts", "4", "--interval",
        "0.01", "--report", str(path),
    )  # fmt: skip

    page = path.read_text()
    assert ended.code == 0
    assert page.count("<svg ") == 2
    assert f"<title>Load test of {backend.url}</title>" in page
    assert ended.output.splitlines()[-1] in page


async def test_the_exit_code_is_1_when_something_is_lost(backend: Backend) -> None:
    backend.copies = lambda connection, broadcast: int(connection != 1)

    ended = await run_load(
        "--url", backend.url, "--connections", "3", "--broadcasts", "2", "--timeout", "0.2"
    )

    assert ended.code == 1
    assert ended.output.splitlines()[1].split()[3:8] == ["2", "6", "4", "0", "2"]
    assert ended.output.splitlines()[-1] == "NOT OK"


async def test_problems_are_worded_when_there_are_any(backend: Backend) -> None:
    backend.statuses = [503, 503]
    backend.error = "unavailable"

    ended = await run_load(
        "--url", backend.url, "--connections", "3", "--broadcasts", "1", "--timeout", "0.2"
    )

    assert ended.code == 1
    assert "2 times refused with HTTP 503 Service Unavailable" in ended.output
    assert "1 times error frame unavailable" in ended.output


async def test_the_exit_code_is_3_when_everybody_is_refused(backend: Backend) -> None:
    backend.statuses = [403] * 3

    ended = await run_load("--url", backend.url, "--connections", "3")

    assert ended.code == 3
    assert "3 times refused with HTTP 403 Forbidden" in ended.output


async def start_process(arguments: list[str], number: signal.Signals, running: Running) -> Ended:
    """Run as a process, and signal it once it has something to report."""
    process = await start(*arguments)
    await running()
    process.send_signal(number)
    return await end(process)


async def start_here(arguments: list[str], number: signal.Signals, running: Running) -> Ended:
    """Run on the test's own loop, and signal this process once the run has something to report."""
    options = make_parser().parse_args(arguments)
    address = parse_address(options.url, None)
    test = LoadTest(make_plan(options), Dialer(address), "0a1b2c3d")
    with captured() as (output, notes):
        measuring = asyncio.create_task(measure(test, address, options))
        await running()
        signal.raise_signal(number)
        async with asyncio.timeout(30):
            code = await measuring
    return Ended(code, output.getvalue(), notes.getvalue())


@pytest.mark.parametrize(
    ("run", "number", "code", "report"),
    [(start_process, signal.SIGINT, 130, []), (start_here, signal.SIGTERM, 143, ["report.html"])],
)
async def test_a_stopped_run_reports_when_it_has_something(
    backend: Backend,
    tmp_path: Path,
    run: Callable[[list[str], signal.Signals, Running], Awaitable[Ended]],
    number: signal.Signals,
    code: int,
    report: list[str],
) -> None:
    path, third = tmp_path / "figures.json", asyncio.Event()
    backend.stir = lambda broadcast: third.set() if broadcast == 3 else None
    pages = [tmp_path / name for name in report]

    async def running() -> None:
        async with asyncio.timeout(30):
            await third.wait()
            await backend.until_read()

    arguments = [
        "--url", backend.url, "--connections", "5", "--broadcasts", "100000", "--interval", "0.05",
        "--json", str(path), *(f"--report={page}" for page in pages),
    ]  # fmt: skip
    ended = await run(arguments, number, running)

    assert ended.code == code
    assert ended.output.splitlines()[-1] == f"STOPPED by {number.name}"
    total = read_json(path)["total"]
    assert total["received"] >= 15
    assert (total["lost"], total["received"] + total["pending"]) == (0, total["expected"])
    assert all(f"STOPPED by {number.name}" in page.read_text() for page in pages)
    assert ended.notes == ""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--url", "http://127.0.0.1/"], 2, "is not a WebSocket address"),
        (["--url", "ws://127.0.0.1:1/", "--ca", "/nowhere"], 2, "--ca is for wss://"),
        (["--url", "wss://127.0.0.1:1/", "--ca", "/nowhere"], 2, "--ca /nowhere: No such file or directory"),
        (["--url", "ws://127.0.0.1:1/", "--json", "/nowhere/x"], 2, "--json /nowhere/x: cannot be written"),
        (
            ["--url", "ws://127.0.0.1:1/", "--report", "/nowhere/x"],
            2,
            "--report /nowhere/x: cannot be written",
        ),
        (["--url", "ws://127.0.0.1:1/", "--connections", "2", "--broadcasters", "3"], 2, "--broadcasters"),
        (["--url", "ws://127.0.0.1:1/", "--connections", "2", "--ramp", "3"], 2, "--ramp"),
        (["--url", "ws://127.0.0.1:1/local"], 3, "connection refused: nothing listens there"),
        (["--url", "ws://nobody.invalid/local"], 3, "no such host"),
    ],
)
async def test_a_failure_is_one_line_when_a_run_cannot_begin(
    arguments: list[str], code: int, said: str
) -> None:
    ended = await run_load(*arguments)

    assert ended.code == code
    assert said in ended.notes
    assert len(ended.notes.splitlines()) == 1
    assert ended.output == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--url", "ws://h/", "--connections", "0"],
        ["--url", "ws://h/", "--connections", "x"],
        ["--url", "ws://h/", "--payload", "16"],
        ["--url", "ws://h/", "--payload", "32001"],
        ["--url", "ws://h/", "--rate", "0"],
        ["--url", "ws://h/", "--interval", "nan"],
        ["--url", "ws://h/", "--timeout", "soon"],
    ],
)
async def test_the_usage_is_shown_when_it_is_wrong(arguments: list[str]) -> None:
    ended = await run_load(*arguments)

    assert ended.code == 2
    assert "usage: signalbox load" in ended.notes


async def test_a_run_stops_at_once_when_no_handshake_is_answered() -> None:
    accepted, sockets = asyncio.Event(), []

    def keep(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sockets.append(writer)
        accepted.set()

    async with await asyncio.start_server(keep, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        process = await start("--url", f"ws://127.0.0.1:{port}/")
        async with asyncio.timeout(30):
            await accepted.wait()
        process.send_signal(signal.SIGINT)
        ended = await end(process)
        for writer in sockets:
            writer.transport.abort()
        await asyncio.sleep(0)

    assert ended.code == 130
    assert "Traceback" not in ended.notes
    assert ended.output.splitlines()[-1] == "STOPPED by SIGINT"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
async def test_a_failure_is_one_line_when_the_table_cannot_be_written(backend: Backend) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        process = await start("--url", backend.url, "--connections", "1", "--broadcasts", "0", output=full)
        ended = await end(process)
    finally:
        os.close(full)

    assert ended.code == 1
    assert ended.notes == "the figures cannot be written: No space left on device\n"


async def test_the_limit_is_named_when_the_system_allows_too_few_files() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if not 0 < hard < 9_000_000:
        pytest.skip("this system allows any number")

    ended = await run_load("--url", "ws://127.0.0.1:1/", "--connections", str(hard))

    assert ended.code == 2
    assert f"this process may have {hard:,}: raise the hard limit" in ended.notes
