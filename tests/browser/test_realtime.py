"""The browser's client by itself: what it declares, the order it keeps, and uneven time.

Covers signalbox.dev.pages.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Page, expect

from signalbox.dev.pages import BROWSER_CLIENT
from tests.browser.server import Server, publication
from tests.browser.visitor import Visitor
from tests.conftest import ROOT, LocalRun

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOR_THE_CLIENT = {"constructor", "start", "deliver", "finish"}
"""Methods of a subscription that an application does not call."""

SHUFFLED = """async (seeds) => {
  const { ReorderBuffer } = await import("/realtime/reordering.js");
  const wrong = [];
  for (let seed = 0; seed < seeds; seed++) {
    let state = seed + 1;
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
    const all = Array.from({ length: 60 }, (_, n) => ({ position: { epoch: "e", offset: n + 1 } }));
    const kept = all.filter(() => random() > 0.1);
    const lost = all.filter(() => random() > 0.9);
    const pushed = [...all, ...all.filter(() => random() > 0.7)].filter((each) => !lost.includes(each));
    const late = new Map(pushed.map((each) => [each, each.position.offset + 8 * random()]));
    pushed.sort((one, other) => late.get(one) - late.get(other));
    const buffer = new ReorderBuffer({ epoch: "e", offset: 0 });
    const shown = [];
    for (const each of pushed) {
      shown.push(...buffer.take(each));
      if (random() > 0.9) {
        const { offset } = buffer.horizon;
        const page = kept.filter(({ position }) => position.offset > buffer.position.offset
                                                   && position.offset <= offset);
        shown.push(...buffer.fill(page), ...buffer.giveUp(offset));
      }
    }
    shown.push(...buffer.giveUp(60));
    const offsets = shown.map(({ position }) => position.offset);
    const rising = offsets.every((offset, index) => index === 0 || offset > offsets[index - 1]);
    const missing = all.filter((each) => !shown.includes(each));
    const needless = missing.filter((each) => kept.includes(each) && pushed.includes(each));
    const unsaid = missing.filter(({ position }) =>
      !shown.some((item) => item.type === "gap" && item.position.offset >= position.offset));
    if (!rising || needless.length || unsaid.length || buffer.isBehind) wrong.push({ seed, offsets });
  }
  return wrong;
}"""


@pytest_asyncio.fixture(loop_scope="module")
async def connected(browser: Browser, site: str, server: Server) -> AsyncIterator[Page]:
    """A page with a `client`, connected to the test's server, its `states`, and a clock the test may move."""
    async with await browser.new_context() as context:
        page = await context.new_page()
        await page.clock.install()
        await page.route_web_socket("ws://server/**", server.accept)
        await page.goto(f"{site}/realtime/")
        await page.evaluate("""async () => {
          const { Client } = await import("/realtime/realtime.js");
          const client = new Client("ws://server/", { random: () => 0 });
          Object.assign(window, { client, states: [], failures: [] });
          client.addEventListener("state", ({ detail }) => states.push(detail.state));
          client.connect();
          await client.request("hello");
        }""")
        yield page


async def test_what_is_declared_is_what_there_is(browser: Browser, site: str) -> None:
    declared = (BROWSER_CLIENT / "realtime.d.ts").read_text()
    page = await browser.new_page()
    await page.goto(f"{site}/realtime/")
    found: dict[str, Any] = await page.evaluate("""async () => {
      const module = await import("./realtime.js");
      const subscription = new module.Client("ws://h/").subscribe("room:1");
      const source = await (await fetch("./realtime.js")).text();
      const members = (object) => Object.getOwnPropertyNames(object);
      return {
        exports: members(module),
        client: members(module.Client.prototype),
        subscription: [...members(subscription), ...members(Object.getPrototypeOf(subscription))],
        events: [...source.matchAll(/#tell\\("([a-z.]+)"/g)].map(([, name]) => name),
      };
    }""")
    await page.context.close()

    assert set(found["exports"]) == set(
        re.findall(r"^export (?:class|function) (\w+)", declared, re.MULTILINE)
    )
    assert set(found["client"]) == {"constructor", *members(declared, "class Client")} - {"addEventListener"}
    assert set(found["subscription"]) - FOR_THE_CLIENT == members(declared, "interface Subscription")
    assert set(found["events"]) <= members(declared, "interface Events")


async def test_the_example_of_the_documentation_works(
    browser: Browser, site: str, local_run: LocalRun
) -> None:
    text = (ROOT / "docs" / "browser.md").read_text()
    example = re.search(r"```js\n(.*?)```", text, re.DOTALL)
    assert example
    script = example[1].replace("./realtime/", "/realtime/")
    script = script.replace("wss://live.example.com/prod", local_run.websocket_url)
    page = await browser.new_page()
    await page.goto(f"{site}/realtime/")
    seen: asyncio.Queue[Any] = asyncio.Queue()
    await page.expose_function("showMessage", lambda name, data, _: seen.put_nowait((name, data)))
    await page.evaluate("Object.assign(window, { fetchToken: () => 'token', showState: () => {} })")

    await page.add_script_tag(type="module", content=script)

    async with asyncio.timeout(60):
        assert await seen.get() == ("Ann", {"text": "hello"})
    await page.context.close()


@pytest.mark.parametrize(
    "since", [{}, {"epoch": "e"}, {"epoch": "", "offset": 1}, {"epoch": "e" * 65, "offset": 1}]
)
async def test_nothing_is_subscribed_to_when_it_should_go_on_from_no_position(
    browser: Browser, site: str, since: dict[str, Any]
) -> None:
    page = await browser.new_page()
    await page.goto(f"{site}/realtime/")

    with pytest.raises(Error, match="RangeError: since is no position"):
        await page.evaluate(
            """async (since) => {
              const { Client } = await import("./realtime.js");
              new Client("ws://h/").subscribe("room:1", { since });
            }""",
            since,
        )
    await page.context.close()


async def test_a_publication_fails_in_its_time_when_it_waits_for_its_turn(
    connected: Page, server: Server
) -> None:
    await connected.evaluate("""() => {
      const publish = (name, timeout) => client.publish("room:1", name, { timeout }).catch(
        (error) => failures.push(`${name} ${error.name}`));
      publish("first", 6_000);
      publish("second", 1_000);
    }""")

    await connected.clock.run_for(1_000)
    assert await connected.evaluate("failures") == ["second AnswerTimeoutError"]
    await connected.clock.run_for(5_000)
    assert await connected.evaluate("failures") == ["second AnswerTimeoutError", "first AnswerTimeoutError"]
    await connected.evaluate("async () => { await client.request('hello') }")
    assert server.actions().count("channel.publish") == 1


async def test_nothing_is_connected_in_between_when_two_connections_are_cut(
    connected: Page, server: Server
) -> None:
    await connected.evaluate("async () => { await client.subscribe('room:1').ready }")
    server.answers["channel.subscribe"] = {"type": "error", "code": "unavailable", "retry": True}
    server.send({"type": "disconnect", "code": "expired", "reconnect": True})
    async with asyncio.timeout(60):
        while server.actions().count("channel.subscribe") < 2:
            await connected.clock.run_for(1)

    await connected.evaluate("client.cut({ pause: 10_000 })")

    assert await connected.evaluate("states") == ["connecting", "connected", "waiting"]


async def test_each_is_shown_once_and_in_order_or_said_to_be_lost(browser: Browser, site: str) -> None:
    page = await browser.new_page()
    await page.goto(f"{site}/realtime/")

    assert await page.evaluate(SHUFFLED, 300) == []
    await page.context.close()


async def test_the_beat_is_kept_when_timers_run_once_a_minute(ann: Visitor, server: Server) -> None:
    server.answers["ping"] = {"type": "pong", "time": 1, "behind": {}}

    for minute in range(1, 6):
        await ann.page.clock.fast_forward(60_000)
        server.send(publication(minute, f"minute {minute}"))
        await expect(ann.log).to_contain_text(f"minute {minute}")

    signs = len(server.actions()) - server.actions().index("ping")
    assert signs >= 5
    assert len(server.sockets) == 1
    await ann.expect_state("Online")


def members(declarations: str, of: str) -> set[str]:
    """The names of what a class or an interface declares."""
    body = re.search(rf"^export {of}\b.*?^}}", declarations, re.MULTILINE | re.DOTALL)
    assert body
    return set(
        re.findall(r'^  (?:readonly )?"?([a-z][\w.]*)"?[(:<]', body.group(), re.MULTILINE | re.IGNORECASE)
    )
