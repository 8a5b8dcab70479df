"""The page of a load test, opened from a file in a browser without a network."""

import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import SCREENSHOTS
from tests.conftest import ROOT, LocalRun

PATIENCE = 120

RUN = (
    "--connections", "60", "--broadcasts", "20", "--ramp", "2", "--storm", "1", "--slow", "2",
    "--broadcasters", "3", "--interval", "0.1", "--rate", "100", "--timeout", "60",
)  # fmt: skip


@pytest.fixture(scope="module")
def report(local_run: LocalRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run against the product has written."""
    path = tmp_path_factory.mktemp("load") / "report.html"
    command = [
        sys.executable,
        "-m",
        "signalbox",
        "load",
        "--url",
        local_run.websocket_url,
        *RUN,
        "--report",
        str(path),
    ]
    subprocess.run(command, cwd=ROOT, timeout=PATIENCE, check=True)
    return path


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_pictures_are_seen_when_there_is_no_network(
    browser: Browser, report: Path, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(
        offline=True, color_scheme=scheme, viewport={"width": 1100, "height": 1250}
    )
    page = await context.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    await page.goto(report.as_uri())

    await expect(page.get_by_text("OK: every connection received every broadcast")).to_be_visible()
    await expect(page.get_by_role("row")).to_have_count(5)
    charts = page.get_by_role("figure")
    await expect(charts).to_have_count(2)
    for number in range(2):
        chart = charts.nth(number)
        box = await chart.bounding_box()
        assert box
        assert box["width"] > 900
        assert box["height"] > 300
        await expect(chart.get_by_text("p99")).to_be_visible()
    assert await _ink(page) == {"light": "rgb(31, 41, 51)", "dark": "rgb(228, 233, 238)"}[scheme]
    await page.screenshot(path=SCREENSHOTS / f"load-test-{scheme}.png", full_page=True)
    await context.close()
    assert requests == [report.as_uri()]
    assert complaints == []


async def _ink(page: Page) -> str:
    label = page.get_by_text("seconds since the run began")
    colour: str = await label.evaluate("element => getComputedStyle(element).fill")
    return colour
