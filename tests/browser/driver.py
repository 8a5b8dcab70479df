"""The browser's client in the hands of a scenario: a page of its own, and a clock that stands still."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page

from tests.clients.runner import Drive

SCRIPT = (Path(__file__).parent / "driver.js").read_text()


class BrowserDriver:
    """Passes commands on to `driver.js` in the page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._reports: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def start(self, site: str, url: str, options: dict[str, Any]) -> None:
        """Open a page of `site`, which has the client, and make one for the scenario's server."""
        await self._page.expose_function("report", self._reports.put_nowait)
        await self._page.goto(f"{site}/realtime/")
        await self._page.add_script_tag(content=SCRIPT, type="module")
        await self._page.wait_for_function("() => Boolean(window.obey)")
        await self._page.evaluate("([url, options]) => start(url, options)", [url, options])

    async def do(self, command: dict[str, Any]) -> None:
        await self._page.evaluate("(command) => obey(command)", command)

    async def report(self) -> dict[str, Any]:
        return await self._reports.get()


def drive(context: BrowserContext, site: str) -> Drive:
    """Make drivers whose pages are of `site`."""
    return partial(_drive, context, site)


@asynccontextmanager
async def _drive(
    context: BrowserContext, site: str, url: str, options: dict[str, Any]
) -> AsyncIterator[BrowserDriver]:
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    driver = BrowserDriver(page)
    try:
        await driver.start(site, url, options)
        yield driver
    finally:
        await page.close()
    assert errors == []
