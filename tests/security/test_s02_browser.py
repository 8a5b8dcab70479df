"""S02 in a real browser: cross-site WebSocket hijacking, with a page from another origin."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.async_api import Browser

from signalbox.dev.arguments import parse
from signalbox.dev.identity import Identity
from signalbox.dev.run import local_run
from tests.browser.conftest import browser

__all__ = ["browser"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONNECT = """
([url, protocols]) => new Promise((resolve) => {
    const socket = new WebSocket(url, protocols);
    socket.onopen = () => { resolve(`open ${socket.protocol}`); socket.close(); };
    socket.onclose = () => resolve("refused");
})
"""


class Page(BaseHTTPRequestHandler):
    """An empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def site() -> Iterator[str]:
    """The origin of a web site on a port of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


async def connect_from(browser: Browser, origin: str, url: str, protocols: list[str]) -> str:
    """What becomes of a WebSocket that a page of `origin` opens."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(origin)
    outcome: str = await page.evaluate(CONNECT, [url, protocols])
    await context.close()
    return outcome


async def test_s02_page_of_another_origin_is_refused_when_its_visitor_could_connect(
    browser: Browser, tmp_path: Path
) -> None:
    with site() as ours, site() as evil:
        identity = Identity({"ALLOWED_ORIGINS": ours})
        options = parse(["--port", "0", "--sandboxes", "1"])
        local = local_run(options, identity=identity, log=tmp_path / "engine.log")
        async with asyncio.timeout(60), local as gateway:
            url, bearer = gateway.websocket_url, ["realtime.v1", f"bearer.{identity.token('ann')}"]
            ticket = f"{url}?ticket={identity.ticket('ann', ours)}"

            # Guests are welcome here; even so, and even with a stolen token, only from our own page.
            assert await connect_from(browser, evil, url, []) == "refused"
            assert await connect_from(browser, evil, url, bearer) == "refused"
            assert await connect_from(browser, evil, ticket, []) == "refused"
            assert await connect_from(browser, "data:text/html,", url, []) == "refused"
            assert await connect_from(browser, ours, url, []) == "open "
            assert await connect_from(browser, ours, url, bearer) == "open realtime.v1"
            assert await connect_from(browser, ours, ticket, []) == "open "
            assert await connect_from(browser, ours, ticket, []) == "refused"
