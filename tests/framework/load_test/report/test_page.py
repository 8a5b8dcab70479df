"""Covers signalbox.load_test.report.charts."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from signalbox.load_test.report.charts import COLOURS, draw, draw_histogram, draw_timeline
from signalbox.load_test.report.page import make_page

LATENCY = {"p50": 12.0, "p95": 40.0, "p99": 250.0, "max": 1_250.0}
ROW = {
    "phase": "run", "began": 0.0, "opening_seconds": 1.0, "connections": 10, "connects_per_second": 10.0,
    "broadcasts": 2, "expected": 20, "received": 19, "duplicates": 0, "lost": 1, "late": 0, "pending": 0,
    "latency_ms": LATENCY,
}  # fmt: skip


@pytest.fixture
def summary() -> dict[str, Any]:
    """What a run of two phases has found, one delivery lost."""
    return {
        "version": 1, "url": "ws://h/<stage>", "stopped": None, "ok": False,
        "seconds": 8.0, "cpu_seconds": 1.0,
        "phases": [ROW, {**ROW, "phase": "storm 1", "began": 4.0}],
        "total": {**ROW, "phase": "total"},
        "timeline": [{"phase": "run", "at": 1.0, **LATENCY}, {"phase": "storm 1", "at": 5.0, **LATENCY}],
        "histogram": [(0.0, 1), (12.0, 12_000), (1_250.0, 1)],
        "slow_readers": {"connections": 0, "frames": 0, "closed": {}},
        "problems": {"error_frames": {"<script>": 1}},
    }  # fmt: skip


def test_the_page_needs_nothing_else_when_it_is_made(summary: dict[str, Any]) -> None:
    page = make_page(summary)

    links = re.findall(r"""(?:src|srcset|href)=["']?(.)|url\((.)""", page)
    assert {first or second for first, second in links} == {"#"}
    assert not re.search(r"<script|<link|<img|@import", page)


def test_nothing_is_markup_when_a_server_or_a_user_wrote_it(summary: dict[str, Any]) -> None:
    page = make_page(summary | {"timeline": []})

    assert "Load test of ws://h/&lt;stage&gt;" in page
    assert "1 times error frame &lt;script&gt;" in page


def test_the_page_has_table_and_verdict_when_it_is_made(summary: dict[str, Any]) -> None:
    page = make_page(summary | {"timeline": []})

    assert '<p class="verdict bad">NOT OK</p>' in page
    assert "<tr><td>storm 1</td><td>10</td><td>10</td><td>2</td><td>20</td><td>19</td>" in page
    assert page.count("<tr>") == 4


def test_the_page_names_the_signal_when_the_run_was_stopped(summary: dict[str, Any]) -> None:
    page = make_page(summary | {"timeline": [], "stopped": "SIGTERM"})

    assert '<p class="verdict bad">STOPPED by SIGTERM</p>' in page


def test_charts_are_left_out_when_nothing_was_received(summary: dict[str, Any]) -> None:
    page = make_page(summary | {"timeline": [], "histogram": []})

    assert "there is nothing to draw" in page
    assert "<svg" not in page


@pytest.mark.parametrize("chart", [draw_timeline, draw_histogram])
def test_a_chart_shows_every_percentile_when_it_is_drawn(summary: dict[str, Any], chart: Any) -> None:
    drawing = draw(chart, summary)

    ElementTree.fromstring(drawing)
    for name in ("p50", "p95", "p99", "ink"):
        assert f"var(--{name})" in drawing
    assert not re.search("|".join(light for light, _ in COLOURS.values()), drawing)
    assert drawing == draw(chart, summary)


def test_one_latency_is_a_chart_when_there_is_no_other(summary: dict[str, Any]) -> None:
    summary |= {"histogram": [(12.0, 1)], "timeline": summary["timeline"][:1]}

    for chart in (draw_timeline, draw_histogram):
        ElementTree.fromstring(draw(chart, summary))


@pytest.mark.parametrize(("latencies", "labels"), [((60.0, 590.0), "300"), ((61.0, 73.0), "65")])
def test_latencies_are_plain_numbers_when_they_are_close_together(
    summary: dict[str, Any], latencies: tuple[float, float], labels: str
) -> None:
    drawing = draw(draw_histogram, summary | {"histogram": [(each, 5) for each in latencies]})

    assert f">{labels}</text>" in drawing
    assert "times" not in drawing
