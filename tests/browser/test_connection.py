"""How the page keeps a connection, loses it and gets it back."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.server import Server
from tests.browser.visitor import Visitor
from tests.conftest import LocalRun

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_connection_is_kept_alive_when_nobody_talks(ann: Visitor, server: Server) -> None:
    server.answers["ping"] = {"v": 1, "type": "pong", "time": 1}

    await ann.page.clock.run_for(301_000)
    await ann.page.clock.run_for(60_000)

    assert server.actions().count("ping") == 1
    await ann.expect_state("Online")


async def test_the_connection_is_lost_when_a_ping_stays_unanswered(ann: Visitor, server: Server) -> None:
    await ann.page.evaluate("Math.random = () => 1e6")

    await ann.page.clock.run_for(331_000)

    await ann.expect_state("Offline")


async def test_the_silence_is_said_when_a_message_stays_unanswered(ann: Visitor, server: Server) -> None:
    await ann.say("hello?")
    await expect(ann.receipt).to_have_text("Sending…")

    await ann.page.clock.run_for(30_000)

    await expect(ann.receipt).to_have_text("No answer for 30 seconds; it may have arrived all the same.")


async def test_the_doubt_is_said_when_the_connection_breaks_before_the_answer(
    ann: Visitor, server: Server
) -> None:
    await ann.say("hello?")
    await expect(ann.receipt).to_have_text("Sending…")

    await server.sockets[-1].close(code=1001, reason="Going away")

    await expect(ann.receipt).to_contain_text("The connection was lost before the answer")
    await expect(ann.log).to_contain_text("Connection lost (1001): the server is going away")
    await expect(ann.log).to_contain_text("“Going away”")


async def test_it_comes_back_when_the_server_was_away(ann: Visitor, server: Server) -> None:
    await ann.page.evaluate("Math.random = () => 1")
    await server.sockets[-1].close(code=1001)
    await ann.expect_state("Offline")
    await expect(ann.page.locator("#countdown")).to_have_text("retrying in 1 s")

    await ann.page.clock.run_for(1_000)

    await ann.expect_state("Online")
    assert len(server.sockets) == 2


async def test_the_pauses_grow_to_a_ceiling_when_the_server_stays_away(ann: Visitor) -> None:
    pauses = "import('/connection.js').then((m) => [0, 1, 2, 4, 5, 99].map((n) => m.pauseBefore(n, () => 1)))"

    assert await ann.page.evaluate(pauses) == [1000, 2000, 4000, 16000, 30000, 30000]


async def test_the_pause_is_anywhere_below_its_ceiling_when_clients_come_back_together(ann: Visitor) -> None:
    jitter = "import('/connection.js').then((m) => [0, 0.25, 0.5].map((r) => m.pauseBefore(3, () => r)))"

    assert await ann.page.evaluate(jitter) == [0, 2000, 4000]


@pytest.mark.parametrize("stage", ["../x", "a/b", "a b", "", "%3Fname"])
async def test_nobody_connects_when_the_stage_cannot_be_one(
    browser: Browser, local_run: LocalRun, stage: str
) -> None:
    async with await browser.new_context() as context:
        page = await context.new_page()
        await page.goto(f"{local_run.page_url}?stage={stage}")

        await expect(page.get_by_text("may hold only letters, digits, - and _")).to_be_visible()
        await expect(page.get_by_role("textbox")).to_have_count(0)


async def test_the_socket_is_of_another_stage_when_the_address_names_one(
    browser: Browser, local_run: LocalRun, server: Server
) -> None:
    async with await browser.new_context() as context:
        page = await context.new_page()
        await page.route_web_socket("**/*", server.accept)
        await Visitor(page, "Ann & Bob").join(f"{local_run.page_url}?stage=blue-2")

        address = local_run.page_url.replace("http://", "ws://")
        assert server.sockets[0].url == f"{address}blue-2?name=Ann%20%26%20Bob"
