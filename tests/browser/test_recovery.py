"""The browser's client in a real browser on the real backend, while the network comes and goes."""

import asyncio
import random
import uuid

import pytest
from playwright.async_api import Browser

from tests.conftest import LocalRun
from tests.local.chat_client import ChatClient, chat_client

pytestmark = pytest.mark.asyncio(loop_scope="module")

PUBLICATIONS = 100
CUTS = 5
SEED = 6
PATIENCE = 240

LISTEN = """async ([url, channel]) => {
  const { Client } = await import("/realtime/realtime.js");
  const client = new Client(url);
  Object.assign(window, { client, shown: [], recovered: 0, acknowledged: [], states: [] });
  client.addEventListener("state", ({ detail }) => states.push(detail.state));
  const subscription = client.subscribe(channel);
  client.connect();
  await subscription.ready;
  (async () => {
    for await (const item of subscription) {
      shown.push(item.type === "gap" ? item.reason : item.data);
      recovered += Boolean(item.recovered);
    }
  })();
}"""

SPEAK = """([channel, count]) => {
  window.spoken = (async () => {
    for (let n = 0; n < count; n++) {
      const { position } = await client.publish(channel, `page ${n}`, { timeout: 60_000 });
      acknowledged.push(position.offset);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
}"""


async def test_everything_is_shown_once_and_in_order_when_the_network_comes_and_goes(
    browser: Browser, local_run: LocalRun
) -> None:
    dice = random.Random(SEED)
    channel = f"room:{uuid.uuid4().hex}"
    async with await browser.new_context() as context, asyncio.timeout(PATIENCE):
        page = await context.new_page()
        await page.goto(local_run.page_url)
        await page.evaluate(LISTEN, [f"{local_run.websocket_url}?name=page", channel])
        await page.evaluate(SPEAK, [channel, PUBLICATIONS])
        async with chat_client(local_run.websocket_url, "other") as other:
            await other.subscribe(channel)
            speaking = asyncio.create_task(_speak(other, channel))
            for _ in range(CUTS):
                await asyncio.sleep(dice.uniform(0.2, 0.6))
                await context.set_offline(True)
                await asyncio.sleep(dice.uniform(0.1, 0.8))
                await context.set_offline(False)
            stored = await speaking
        await page.evaluate("spoken")
        await page.wait_for_function(f"shown.length >= {2 * PUBLICATIONS}")
        shown = await page.evaluate("shown")
        states, recovered = await page.evaluate("[states, recovered]")
        acknowledged = await page.evaluate("acknowledged")

    assert [data for data in shown if data.startswith("other")] == [f"other {n}" for n in range(PUBLICATIONS)]
    assert [data for data in shown if data.startswith("page")] == [f"page {n}" for n in range(PUBLICATIONS)]
    assert sorted(stored + acknowledged) == list(range(1, 2 * PUBLICATIONS + 1))
    assert len(shown) == 2 * PUBLICATIONS
    assert states.count("waiting") >= CUTS
    assert recovered


async def _speak(talker: ChatClient, channel: str) -> list[int]:
    answers = [await talker.publish(channel, f"other {n}", key=f"k{n}") for n in range(PUBLICATIONS)]
    return [answer["position"]["offset"] for answer in answers]
