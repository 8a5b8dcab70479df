"""A real browser on the real backend."""

import contextlib
import itertools
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from signalbox.dev.pages import PageHandler
from tests.browser.server import Server
from tests.browser.visitor import Visitor
from tests.conftest import ROOT, LocalRun

SCREENSHOTS = ROOT / "build" / "screenshots"

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
MISSING = (
    "the browser tests need Chrome or Chromium on the PATH: "
    "apt install chromium, brew install --cask google-chrome, or https://www.google.com/chrome"
)

expect.set_options(timeout=60_000)

NUMBERS = itertools.count(1)

Visit = Callable[..., Coroutine[Any, Any, Visitor]]


def find_browser() -> str:
    """The Chrome or Chromium of this machine. Without one the test is skipped, and in CI it fails."""
    found = (shutil.which(name) for name in NAMES)
    executable = next(filter(None, found), str(MACOS) if MACOS.exists() else None)
    if executable is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    return executable


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """The browser, without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, local_run: LocalRun) -> AsyncIterator[Visit]:
    """Let somebody open the page and join; the test fails when their page complained about anything.

    Names are numbered: people of another test may still be on their way out.
    """
    visitors: list[Visitor] = []
    async with contextlib.AsyncExitStack() as stack:

        async def visit(name: str, **settings: Any) -> Visitor:
            context = await stack.enter_async_context(await browser.new_context(**settings))
            context.set_default_timeout(60_000)
            visitor = Visitor(await context.new_page(), f"{name} {next(NUMBERS)}")
            visitors.append(visitor)
            await visitor.join(local_run.page_url)
            return visitor

        yield visit
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The origin of a plain web server with the page, as `make page` starts it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Quiet) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(PageHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Server:
    """A server without a mind of its own."""
    return Server()


@pytest_asyncio.fixture(loop_scope="module")
async def ann(browser: Browser, local_run: LocalRun, server: Server) -> AsyncIterator[Visitor]:
    """Ann, connected to the test's server, with a clock the test may move."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.clock.install()
    await page.route_web_socket(re.compile(r"/local\?name=Ann&"), server.accept)
    visitor = Visitor(page, "Ann")
    await visitor.join(local_run.page_url)
    await expect(visitor.person("Bob")).to_have_count(1)
    yield visitor
    await context.close()
    assert visitor.complaints == []
