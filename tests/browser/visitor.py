"""Somebody in front of the page."""

import re

from playwright.async_api import Locator, Page, expect


class Visitor:
    """A person and their page; ``complaints`` is what the browser called an error, blocked scripts too."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.name = name
        self.complaints: list[str] = []
        page.on(
            "console", lambda entry: self.complaints.append(entry.text) if entry.type == "error" else None
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @property
    def log(self) -> Locator:
        """Everything that was said."""
        return self.page.get_by_role("log", name="Messages")

    @property
    def receipt(self) -> Locator:
        """What became of the last message sent."""
        return self.page.locator("#receipt")

    def person(self, name: str) -> Locator:
        """The choice of a person to write to."""
        return self.page.get_by_role("radio", name=re.compile(rf"^{re.escape(name)}\b"))

    async def join(self, url: str, known_as: str | None = None) -> None:
        """Open the page, give the name, and wait until connected and on the list, perhaps under another."""
        await self.page.goto(url)
        await self.page.get_by_label("Display name").fill(self.name)
        await self.page.get_by_role("button", name="Join").click()
        await self.expect_state("Online")
        people = self.page.locator("#people label", has_text=known_as or self.name)
        await expect(people).to_have_count(1)

    async def say(self, text: str) -> None:
        """Send a message to whoever is chosen."""
        await self.page.get_by_label("Message to").fill(text)
        await self.page.keyboard.press("Enter")

    async def choose(self, name: str) -> None:
        """Choose whom to write to."""
        await self.person(name).check(force=True)  # the radio button itself is not to be seen, its row is

    async def cut(self) -> None:
        """Cut the connection."""
        await self.page.get_by_role("button", name="Cut the connection").click()
        await self.expect_state("Offline")

    async def reconnect(self) -> None:
        """Wait no longer for the next attempt."""
        await self.page.get_by_role("button", name="Reconnect now").click()
        await self.expect_state("Online")

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            await self.page.keyboard.press(key)

    async def expect_state(self, words: str) -> None:
        """Wait until the page shows this state of the connection."""
        await expect(self.page.locator("#state-words")).to_have_text(words)

    async def expect_focus(self, target: Locator) -> None:
        """Wait until this has the focus, and see that one can see it."""
        await expect(target).to_be_focused()
        outline = "element => getComputedStyle(element.closest('fieldset label') ?? element).outlineStyle"
        assert await target.evaluate(outline) == "solid"
