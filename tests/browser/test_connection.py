"""How the page keeps a connection, loses it and gets it back."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.server import Server, publication
from tests.browser.visitor import Visitor
from tests.conftest import LocalRun

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_connection_is_kept_alive_when_nobody_talks(ann: Visitor, server: Server) -> None:
    server.answers["ping"] = {"type": "pong", "time": 1, "behind": {}}
    server.send(publication(1, "hello"))
    await expect(ann.log).to_contain_text("hello")

    await ann.page.clock.run_for(61_000)

    assert server.actions().count("ping") == 1
    assert server.requests[-1]["positions"] == {"room:lobby": {"epoch": "e", "offset": 1}}
    await ann.expect_state("Online")


async def test_the_connection_is_lost_when_a_ping_stays_unanswered(ann: Visitor, server: Server) -> None:
    await ann.page.evaluate("Math.random = () => 1e6")

    await ann.page.clock.run_for(71_000)

    await ann.expect_state("Offline")


async def test_the_connection_is_lost_at_once_when_the_machine_has_slept(
    ann: Visitor, server: Server
) -> None:
    await ann.page.evaluate("Math.random = () => 1e6")
    await ann.page.clock.run_for(60_000)
    assert server.actions().count("ping") == 1

    # Timers stand still during sleep, the clock does not; waking up is an event.
    await ann.page.clock.set_system_time(await ann.page.evaluate("Date.now() / 1_000 + 3_600"))
    await ann.page.evaluate("document.dispatchEvent(new Event('resume'))")

    await ann.expect_state("Offline")


async def test_the_silence_is_said_when_a_message_stays_unanswered(ann: Visitor, server: Server) -> None:
    server.answers["ping"] = {"type": "pong", "time": 1}
    await ann.say("hello?")
    await expect(ann.receipt).to_have_text("Sending …")

    for _ in range(3):
        await ann.page.clock.run_for(10_000)

    await expect(ann.receipt).to_have_text("Not sent: no answer; it may have arrived all the same")
    published = [each for each in server.requests if each["action"] == "channel.publish"]
    keys = {each["key"] for each in published if each["channel"] == "room:lobby"}
    assert len(keys) == 1


async def test_why_is_said_when_the_server_closes_the_connection(ann: Visitor, server: Server) -> None:
    await server.sockets[-1].close(code=1001, reason="Going away")

    await expect(ann.log).to_contain_text("Connection lost (1001): the server is going away")
    await expect(ann.log).to_contain_text("“Going away”")


async def test_no_room_is_opened_when_the_server_has_ended_it(ann: Visitor, server: Server) -> None:
    controls = [ann.page.get_by_label("Open a room"), ann.page.get_by_role("button", name="Open", exact=True)]

    server.send({"type": "disconnect", "code": "logged_out", "reconnect": False})

    await expect(ann.log).to_contain_text("The server ended it: you were logged out")
    for control in controls:
        await expect(control).to_be_disabled()
    await ann.page.get_by_role("button", name="Change name").click()
    await ann.page.get_by_role("button", name="Join").click()
    await ann.expect_state("Online")
    for control in controls:
        await expect(control).to_be_enabled()


async def test_a_message_is_sent_later_when_there_is_no_connection(ann: Visitor, server: Server) -> None:
    position = {"epoch": "e", "offset": 1}
    await ann.cut()
    await ann.say("later")
    await expect(ann.receipt).to_have_text("Waiting for the connection …")
    await expect(ann.log.locator(".pending")).to_contain_text("later")

    server.answers["channel.publish"] = {
        "type": "channel.published",
        "channel": "room:lobby",
        "position": position,
        "delivery": "queued",
    }
    await ann.reconnect()

    await expect(ann.receipt).to_have_text("Stored; the room is large, it is on its way")
    await expect(ann.log.locator(".pending")).to_have_count(0)


async def test_it_comes_back_when_the_server_was_away(ann: Visitor, server: Server) -> None:
    await ann.page.evaluate("Math.random = () => 1")
    await ann.page.clock.pause_at(await ann.page.evaluate("Date.now() / 1_000 + 60"))
    await server.sockets[-1].close(code=1001)
    await ann.expect_state("Offline")
    await expect(ann.page.locator("#countdown")).to_have_text("retrying in 3 s")

    await ann.page.clock.run_for(3_000)

    await ann.expect_state("Online")
    assert len(server.sockets) == 2


async def test_it_comes_back_at_once_when_the_network_does(ann: Visitor, server: Server) -> None:
    await ann.page.evaluate("Math.random = () => 1e6")
    await ann.page.evaluate("dispatchEvent(new Event('offline'))")
    await ann.expect_state("Offline")

    await ann.page.evaluate("Math.random = () => 0")
    await ann.page.evaluate("dispatchEvent(new Event('online'))")
    await ann.page.clock.run_for(1)

    await ann.expect_state("Online")


async def test_the_pauses_grow_to_a_ceiling_when_the_server_stays_away(ann: Visitor) -> None:
    pauses = "[0, 1, 2, 3, 4, 9999].map((n) => m.backoff(n, () => 1))"

    found = await ann.page.evaluate(f"import('/realtime/connector.js').then((m) => {pauses})")
    assert found == [3000, 6000, 12000, 24000, 30000, 30000]


async def test_the_pause_is_anywhere_below_its_ceiling_when_clients_come_back_together(ann: Visitor) -> None:
    jitter = "[0, 0.25, 0.5].map((r) => m.backoff(3, () => r))"

    found = await ann.page.evaluate(f"import('/realtime/connector.js').then((m) => {jitter})")
    assert found == [0, 6000, 12000]


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
        await Visitor(page, "Ann & Bob").join(f"{local_run.page_url}?stage=blue-2", "Ann")

        address = local_run.page_url.replace("http://", "ws://")
        assert server.sockets[0].url.startswith(f"{address}blue-2?name=Ann%20%26%20Bob&client=")


async def test_the_socket_is_of_a_deployed_stage_when_a_plain_web_server_has_the_page(
    browser: Browser, site: str, server: Server
) -> None:
    async with await browser.new_context() as context:
        page = await context.new_page()
        await page.route_web_socket("wss://live.example.com/**", server.accept)
        visitor = Visitor(page, "Ann")
        await visitor.join(f"{site}/?url=wss://live.example.com/dev?ticket=t")

        assert server.sockets[0].url.startswith("wss://live.example.com/dev?ticket=t&name=Ann&client=")
        assert visitor.complaints == []


async def test_the_page_says_so_when_its_server_lets_it_connect_to_itself_only(
    browser: Browser, local_run: LocalRun
) -> None:
    async with await browser.new_context() as context:
        page = await context.new_page()
        await page.goto(f"{local_run.page_url}?url=wss://live.example.com/dev")
        await page.get_by_label("Display name").fill("Ann")
        await page.get_by_role("button", name="Join").click()

        await expect(page.get_by_text("may connect to its own server only").first).to_be_visible()
