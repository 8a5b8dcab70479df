"""People, a browser each, and everything between them real."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import SCREENSHOTS, Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONTRAST = """() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (element) => {
    const colour = channels(getComputedStyle(element).backgroundColor);
    return colour[3] === 0 ? ground(element.parentElement) : colour;
  };
  const hasText = (element) => [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  const texts = [...document.body.querySelectorAll("*")].filter((e) => hasText(e) && e.checkVisibility());
  const hints = [...document.querySelectorAll("[placeholder]")].filter((e) => e.checkVisibility());
  const colours = [
    ...texts.map((e) => [e, getComputedStyle(e).color]),
    ...hints.map((e) => [e, getComputedStyle(e, "::placeholder").color]),
  ];
  return colours.map(([e, colour]) => {
    const both = [luminance(channels(colour)), luminance(ground(e))];
    return { text: e.textContent, ratio: (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05) };
  });
}"""


async def test_they_see_each_other_come_and_go_when_both_are_in_a_room(visit: Visit) -> None:
    ann = await visit("Ann")
    bob = await visit("Bob")

    await expect(ann.person(bob.name)).to_have_count(1)
    await expect(bob.person(ann.name)).to_have_count(1)
    await expect(ann.log).to_contain_text(f"{bob.name} joined")

    await bob.page.close()
    await expect(ann.log).to_contain_text(f"{bob.name} left")
    await expect(ann.person(bob.name)).to_have_count(0)


async def test_a_click_is_not_lost_when_somebody_comes_in_the_midst_of_it(visit: Visit) -> None:
    ann, bob = await visit("Ann"), await visit("Bob")
    await ann.choose(bob.name)

    await ann.page.locator("#people label", has_text="Everyone").hover()
    await ann.page.mouse.down()
    eve = await visit("Eve")
    await expect(ann.person(eve.name)).to_have_count(1)
    await ann.page.mouse.up()

    await expect(ann.person("Everyone")).to_be_checked()


async def test_both_read_it_when_either_speaks(visit: Visit) -> None:
    ann, bob = await visit("Ann"), await visit("Bob")

    await ann.say("hello from Ann")
    await expect(bob.log).to_contain_text(f"{ann.name}hello from Ann")
    await expect(ann.log).to_contain_text("Youhello from Ann")
    await expect(ann.receipt).to_have_text("Stored")
    await bob.say("hello from Bob")
    await expect(ann.log).to_contain_text(f"{bob.name}hello from Bob")
    await expect(ann.log.get_by_text("hello from Ann")).to_have_count(1)


async def test_one_sees_it_when_another_types(visit: Visit) -> None:
    ann, bob = await visit("Ann"), await visit("Bob")

    await bob.page.get_by_label("Message to").press_sequentially("hm")
    await expect(ann.page.locator("#typing")).to_have_text(f"{bob.name} is typing …")
    await bob.page.keyboard.press("Enter")

    await expect(ann.log).to_contain_text("hm")
    await expect(ann.page.locator("#typing")).to_have_text("")


async def test_a_newcomer_reads_what_was_said_before(visit: Visit) -> None:
    ann = await visit("Ann")
    for text in ("first", "second", "third"):
        await ann.say(f"{text} of {ann.name}")
        await expect(ann.receipt).to_have_text("Stored")

    newcomer = await visit("Newcomer")

    said = newcomer.log.locator("p", has_text=f"of {ann.name}")
    await expect(said).to_have_text([f"{text} of {ann.name}" for text in ("first", "second", "third")])
    await expect(newcomer.log.locator(".missed")).to_have_count(0)


async def test_rooms_are_apart_when_there_are_several(visit: Visit) -> None:
    ann, bob = await visit("Ann"), await visit("Bob")
    rooms = ann.page.get_by_role("navigation", name="Rooms")
    await ann.page.get_by_label("Open a room").fill("quiet")
    await ann.press("Enter")
    await expect(ann.page.get_by_role("heading", name="# quiet")).to_be_visible()
    await expect(ann.person(bob.name)).to_have_count(0)

    await bob.say("said in the lobby")
    await expect(rooms.get_by_role("button", name="# lobby 1 new")).to_be_visible()
    await expect(ann.log).not_to_contain_text("said in the lobby")
    await rooms.get_by_role("button", name="# lobby").click()
    await expect(ann.log).to_contain_text("said in the lobby")

    await rooms.get_by_role("button", name="# quiet").click()
    await ann.page.get_by_role("button", name="Leave room").click()
    await expect(rooms.get_by_role("button")).to_have_count(2)  # the lobby, and the one to open another
    await expect(ann.log).to_contain_text("said in the lobby")


async def test_only_one_reads_it_when_a_message_is_direct(visit: Visit) -> None:
    ann, bob, eve = await visit("Ann"), await visit("Bob"), await visit("Eve")
    await ann.choose(bob.name)

    await ann.say("for Bob alone")
    await expect(bob.log).to_contain_text(f"{ann.name}to you alonefor Bob alone")
    await expect(ann.log).to_contain_text(f"You to {bob.name}for Bob alone")
    await bob.say("for everyone")

    await expect(eve.log).to_contain_text("for everyone")
    await expect(eve.log).not_to_contain_text("for Bob alone")


async def test_nobody_else_reads_it_when_the_addressee_of_a_direct_message_left(visit: Visit) -> None:
    ann, bob, eve = await visit("Ann"), await visit("Bob"), await visit("Eve")
    await ann.choose(bob.name)
    await bob.page.close()

    await expect(ann.page.locator("[data-mark=left]", has_text=bob.name)).to_have_count(1)
    await expect(ann.person(bob.name)).to_be_checked()
    await ann.say("still there?")

    await expect(ann.receipt).to_contain_text("Not sent: this person is no longer connected")
    await expect(ann.page.get_by_label(f"Message to {bob.name}")).to_have_value("still there?")
    await ann.choose("Everyone")
    await ann.say("never mind")
    await expect(eve.log).to_contain_text("never mind")
    await expect(eve.log).not_to_contain_text("still there?")


async def test_what_was_missed_arrives_marked_when_the_connection_was_cut(visit: Visit) -> None:
    ann, bob = await visit("Ann"), await visit("Bob")

    await ann.cut()
    await expect(ann.page.locator("#countdown")).to_contain_text("retrying in")
    await expect(ann.page.get_by_text("You are offline.")).to_be_visible()
    for text in ("one", "two", "three"):
        await bob.say(f"{text} for {ann.name}")
        await expect(bob.receipt).to_have_text("Stored")
    await ann.say(f"mine, {ann.name}")
    await expect(ann.receipt).to_have_text("Waiting for the connection …")
    await expect(bob.log).not_to_contain_text(f"mine, {ann.name}")
    await ann.reconnect()

    missed = ann.log.locator(".missed p", has_text=f"for {ann.name}")
    await expect(missed).to_have_text([f"{text} for {ann.name}" for text in ("one", "two", "three")])
    await expect(ann.log).to_contain_text("You cut the connection")
    await expect(ann.log).to_contain_text("Back after")
    await expect(bob.log.get_by_text(f"mine, {ann.name}")).to_have_count(1)
    await expect(ann.log.get_by_text(f"mine, {ann.name}")).to_have_count(1)


async def test_it_is_still_the_same_guest_when_the_page_is_loaded_again(visit: Visit) -> None:
    ann = await visit("Ann")
    before = await ann.page.locator("#my-id").text_content()

    await ann.page.reload()
    await ann.expect_state("Online")
    assert await ann.page.locator("#my-id").text_content() == before
    await ann.page.get_by_role("button", name="Change name").click()

    await ann.expect_state("Not connected")
    await expect(ann.page.get_by_label("Display name")).to_be_focused()


async def test_markup_is_text_when_somebody_sends_it(visit: Visit) -> None:
    markup = "<img src=x onerror='window.struck = true'><script>window.struck = true</script>"
    ann = await visit("<b onclick=alert(1)>Ann</b>")
    bob = await visit("Bob")

    await ann.say(markup)

    await expect(bob.log).to_contain_text(f"{ann.name}{markup}")
    await expect(bob.page.locator("#people")).to_contain_text(ann.name)
    for visitor in (ann, bob):
        assert await visitor.page.evaluate("window.struck") is None
        assert await visitor.page.locator("main img, main script, b b").count() == 0


async def test_a_message_stays_here_when_it_is_too_large(visit: Visit) -> None:
    ann = await visit("Ann")

    await ann.say("é" * 16_400)

    await expect(ann.receipt).to_contain_text("bytes are too many, the limit is 32,768")
    await ann.say("short")
    await expect(ann.log).to_contain_text("short")
    await ann.expect_state("Online")


async def test_everything_can_be_done_when_there_is_only_a_keyboard(visit: Visit) -> None:
    bob = await visit("Bob")
    ann = await visit("Ann")
    page = ann.page
    await page.get_by_role("button", name="Change name").focus()
    await ann.press("Enter")
    await ann.expect_focus(page.get_by_label("Display name"))

    await page.keyboard.type("Annabel")
    await ann.press("Enter")
    await ann.expect_focus(page.get_by_label("Message to everyone"))
    await ann.expect_state("Online")
    await expect(ann.person(bob.name)).to_have_count(1)
    await page.keyboard.type("typed")
    await ann.press("Enter")
    await expect(bob.log).to_contain_text("Annabeltyped")

    await ann.press("Tab", "Tab")
    await ann.expect_focus(ann.person("Everyone"))
    while not await ann.person(bob.name).is_checked():
        await ann.press("ArrowDown")
    await ann.expect_focus(ann.person(bob.name))
    await ann.press("Shift+Tab", "Shift+Tab")
    await ann.expect_focus(page.get_by_label(f"Message to {bob.name}"))
    await ann.press("Shift+Tab")
    await ann.expect_focus(ann.log)

    await ann.press("Shift+Tab", "Shift+Tab")
    await ann.expect_focus(page.get_by_label("Open a room"))
    await page.keyboard.type("keys")
    await ann.press("Enter")
    await expect(page.get_by_role("heading", name="# keys")).to_be_visible()
    await page.get_by_role("button", name="# keys").focus()
    await ann.press("Shift+Tab", "Enter")
    await expect(page.get_by_role("heading", name="# lobby")).to_be_visible()
    await ann.expect_focus(page.get_by_role("button", name="# lobby"))

    await ann.press("Shift+Tab", "Shift+Tab")
    await ann.expect_focus(page.locator("#link"))
    await ann.press("Enter")
    await ann.expect_state("Offline")
    await ann.expect_focus(page.locator("#link"))
    await ann.press("Enter")
    await ann.expect_state("Online")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_the_page_is_readable_when_it_is_looked_at(visit: Visit, scheme: str, width: int) -> None:
    look = {"color_scheme": scheme, "viewport": {"width": width, "height": 844}}
    ann, bob = await visit("Ann", **look), await visit("Bob")
    await check_looks(ann.page, f"online-{scheme}-{width}.png")
    await ann.say("Good morning, Bob.")
    await bob.say("Good morning! The line is clear, and this is long enough to need a second row.")
    await bob.choose(ann.name)
    await bob.say("Between you and me: it is the 8:15 again.")
    await ann.choose(bob.name)
    await ann.say("As always.")
    await expect(ann.log).to_contain_text("As always.")
    await expect(ann.log).to_contain_text("8:15")
    await check_looks(ann.page, f"talking-{scheme}-{width}.png")
    await ann.choose("Everyone")
    await ann.cut()
    await bob.choose("Everyone")
    await bob.say("Are you there?")
    await expect(bob.receipt).to_have_text("Stored")
    await ann.say("I was cut off.")
    await check_looks(ann.page, f"offline-{scheme}-{width}.png")
    await ann.reconnect()
    await expect(ann.log.locator(".missed", has_text="Are you there?")).to_be_visible()
    await check_looks(ann.page, f"back-{scheme}-{width}.png")


async def check_looks(page: Page, name: str) -> None:
    """Leave a screenshot; nothing is cut off at the side, and every text stands out from its ground."""
    await page.screenshot(path=SCREENSHOTS / name)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [part for part in await page.evaluate(CONTRAST) if part["ratio"] < 4.5] == []
