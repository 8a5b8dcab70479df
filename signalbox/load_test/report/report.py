"""The result of a run: a dictionary for programs, a table for people."""

from http import HTTPStatus
from typing import Any

from ..deliveries import PhaseCounts
from ..run import LoadTest
from .timeline import list_latencies, list_moments, name_percentiles

_COLUMNS = (
    ("phase", "phase", "{}"),
    ("connections", "connections", "{:,}"),
    ("connects/s", "connects_per_second", "{:,.0f}"),
    ("broadcasts", "broadcasts", "{:,}"),
    ("expected", "expected", "{:,}"),
    ("received", "received", "{:,}"),
    ("duplicate", "duplicates", "{:,}"),
    ("lost", "lost", "{:,}"),
    ("p50 ms", "p50", "{:,.1f}"),
    ("p95 ms", "p95", "{:,.1f}"),
    ("p99 ms", "p99", "{:,.1f}"),
    ("max ms", "max", "{:,.1f}"),
)


def summarise(
    test: LoadTest, *, url: str, seconds: float, cpu_seconds: float, stopped: str | None
) -> dict[str, Any]:
    """Return all counts of a run that took `seconds`. `stopped` names the signal that ended it early."""
    start = test.phase_counts[0].began_at if test.phase_counts else 0
    total = PhaseCounts("total", began_at=start)
    for counts in test.phase_counts:
        total.add(counts)
    return {
        "version": 1,
        "url": url,
        "stopped": stopped,
        "ok": not (stopped or total.lost or any(test.problems.values())),
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu_seconds, 3),
        "phases": [_row(counts, start) for counts in test.phase_counts],
        "total": _row(total, start),
        "timeline": list_moments(test.broadcasts, start),
        "histogram": list_latencies(total.latency),
        "slow_readers": {
            "connections": test.plan.slow,
            "frames": test.slow_frames,
            "closed": dict(test.slow_closed),
        },
        "problems": {kind: dict(counts) for kind, counts in test.problems.items()},
    }


def render(summary: dict[str, Any]) -> str:
    """Return the summary as a table with sentences below it."""
    table = list_cells(summary)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(map(str.rjust, row, widths)) for row in table)
    return "\n".join([*lines, "", *list_sentences(summary)])


def list_cells(summary: dict[str, Any]) -> list[list[str]]:
    """Return the rows of the table: headings, each phase, and the total if there are several phases."""
    rows = summary["phases"] if len(summary["phases"]) == 1 else [*summary["phases"], summary["total"]]
    table = [[heading for heading, _, _ in _COLUMNS]]
    for row in rows:
        values = {**row, **row["latency_ms"]}
        table.append(["-" if values[key] is None else form.format(values[key]) for _, key, form in _COLUMNS])
    return table


def _row(counts: PhaseCounts, start: int) -> dict[str, Any]:
    rate = counts.opened / counts.opening_seconds if counts.opening_seconds else 0.0
    return {
        "phase": counts.phase,
        "began": round((counts.began_at - start) / 1e9, 3),
        "opening_seconds": round(counts.opening_seconds, 3),
        "connections": counts.connections,
        "connects_per_second": round(rate, 1),
        "broadcasts": counts.broadcasts,
        "expected": counts.expected,
        "received": counts.received,
        "duplicates": counts.duplicates,
        "lost": counts.lost,
        "late": counts.late,
        "pending": 0 if counts.settled else counts.outstanding,
        "latency_ms": name_percentiles(counts.latency),
    }


def list_sentences(summary: dict[str, Any]) -> list[str]:
    """Return the sentences below the table. The last one is the verdict."""
    total, slow, lines = summary["total"], summary["slow_readers"], []
    if total["late"]:
        lines.append(f"{total['late']:,} of the lost came after the timeout")
    if total["pending"]:
        lines.append(f"{total['pending']:,} were still on their way when the run was stopped")
    if slow["connections"]:
        frames, closed = slow["frames"], sum(slow["closed"].values())
        lines.append(f"{slow['connections']:,} slow readers got {frames:,} frames; {closed:,} were closed")
    for kind, counts in summary["problems"].items():
        lines += [
            f"{count:,} times {_PROBLEMS[kind]} {_explain(kind, what)}" for what, count in counts.items()
        ]
    lines.append(_cost(summary))
    lines.append(_verdict(summary))
    return lines


_PROBLEMS = {
    "refused": "refused with HTTP",
    "unreachable": "not connected:",
    "closed": "closed by the server or the network with code",
    "error_frames": "error frame",
    "unsent": "broadcast not sent:",
}


def _explain(kind: str, what: str) -> str:
    phrases = {str(status.value): status.phrase for status in HTTPStatus}
    return f"{what} {phrases.get(what, '')}".rstrip() if kind == "refused" else what


def _cost(summary: dict[str, Any]) -> str:
    share = summary["cpu_seconds"] / summary["seconds"] if summary["seconds"] else 0.0
    line = f"{summary['seconds']:,.1f} s, in which this process used {share:.0%} of a core"
    return f"{line}: it was busy itself, so latencies are too high" if share > 0.8 else line


def _verdict(summary: dict[str, Any]) -> str:
    if summary["ok"]:
        return "OK: every connection received every broadcast"
    return f"STOPPED by {summary['stopped']}" if summary["stopped"] else "NOT OK"
