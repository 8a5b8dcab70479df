"""The page on a web server of its own, for a stage that is deployed: `make page`."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.visitor import Visitor
from tests.conftest import LocalRun

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_page_connects_elsewhere_when_its_address_says_so(
    browser: Browser, local_run: LocalRun, site: str
) -> None:
    async with await browser.new_context() as context:
        ann = Visitor(await context.new_page(), "Ann from elsewhere")
        await ann.join(f"{site}/?url={local_run.websocket_url}")
        await ann.say("hello")

        await expect(ann.log).to_contain_text("hello")
        assert ann.complaints == []


async def test_page_says_so_when_the_address_is_none_of_a_websocket(browser: Browser, site: str) -> None:
    async with await browser.new_context() as context:
        page = await context.new_page()
        await page.goto(f"{site}/?url=javascript:alert(1)")

        await expect(page.locator("#join")).to_contain_text("must be one of a WebSocket")
