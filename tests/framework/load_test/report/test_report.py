import pytest

from signalbox.load_test.deliveries import PhaseCounts
from signalbox.load_test.plan import Plan
from signalbox.load_test.report.report import render, summarise
from signalbox.load_test.run import LoadTest
from signalbox.load_test.sockets.dialer import Dialer
from signalbox.load_test.sockets.handshake import parse_address


@pytest.fixture
def measured_run() -> LoadTest:
    """A run that has measured one phase: 12 of 20 received, 3 of the others late."""
    plan = Plan(10, 2, 64, 100.0, 1, 2.0, ramp=1, storm=0, slow=2, timeout=5.0)
    measured = LoadTest(plan, Dialer(parse_address("ws://h/", None)), "0a1b2c3d")
    counts = PhaseCounts(
        "run", connections=10, opened=10, opening_seconds=0.5, broadcasts=2, expected=20, received=12
    )
    counts.late, counts.outstanding, counts.settled = 3, 5, True
    for latency in (1000, 2000, 250_000):
        counts.latency.record(latency)
    measured.phase_counts = [counts]
    return measured


def sentences(test: LoadTest, cpu_seconds: float = 1.0, stopped: str | None = None) -> list[str]:
    """What is below the table."""
    summary = summarise(test, url="ws://h/", seconds=10.0, cpu_seconds=cpu_seconds, stopped=stopped)
    return render(summary).split("\n\n")[1].splitlines()


def test_the_row_has_the_figures_when_it_is_shown(measured_run: LoadTest) -> None:
    summary = summarise(measured_run, url="ws://h/", seconds=10.0, cpu_seconds=1.0, stopped=None)

    row = render(summary).splitlines()[1].split()
    assert row == ["run", "10", "20", "2", "20", "12", "0", "8", "2.0", "250.0", "250.0", "250.0"]


def test_what_came_too_late_is_said_when_something_did(measured_run: LoadTest) -> None:
    assert sentences(measured_run) == [
        "3 of the lost came after the timeout",
        "2 slow readers got 0 frames; 0 were closed",
        "10.0 s, in which this process used 10% of a core",
        "NOT OK",
    ]


def test_what_is_on_its_way_is_said_when_the_run_was_stopped(measured_run: LoadTest) -> None:
    measured_run.phase_counts[0].settled = False

    assert "5 were still on their way when the run was stopped" in sentences(measured_run, stopped="SIGINT")
    summary = summarise(measured_run, url="ws://h/", seconds=10.0, cpu_seconds=1.0, stopped="SIGINT")
    assert (summary["total"]["lost"], summary["total"]["pending"]) == (3, 5)


def test_the_reader_is_warned_when_the_load_test_was_busy_itself(measured_run: LoadTest) -> None:
    assert (
        "10.0 s, in which this process used 90% of a core: it was busy itself, so latencies are too high"
        in sentences(measured_run, cpu_seconds=9.0)
    )


def test_nothing_but_a_total_is_shown_when_nothing_was_measured(measured_run: LoadTest) -> None:
    measured_run.phase_counts = []

    summary = summarise(measured_run, url="ws://h/", seconds=0.0, cpu_seconds=0.0, stopped="SIGTERM")

    assert render(summary).splitlines()[1].split()[0] == "total"
    assert summary["total"]["latency_ms"] == {"p50": None, "p95": None, "p99": None, "max": None}
