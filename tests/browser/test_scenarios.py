"""The browser's client does what every client of the protocol does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext

from tests.browser.driver import drive
from tests.clients.runner import SCENARIOS, is_for, run

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """One for all, so that the client is fetched once."""
    async with await browser.new_context() as context:
        yield context


@pytest.mark.parametrize(
    "scenario", [each for each in SCENARIOS if is_for(each, "browser")], ids=lambda path: path.stem
)
async def test_the_client_does_what_the_scenario_says_when_it_is_played(
    context: BrowserContext, site: str, scenario: Path
) -> None:
    await run(scenario, drive(context, site))
