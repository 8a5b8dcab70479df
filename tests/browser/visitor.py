"""Somebody in front of the page."""

import asyncio
import re

from playwright.async_api import ConsoleMessage, Locator, Page, expect


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

    async def join(self, url: str) -> None:
        """Open the page, give the name, and wait until connected."""
        await self.page.goto(url)
        await self.page.get_by_label("Display name").fill(self.name)
        await self.page.get_by_role("button", name="Join").click()
        await self.expect_state("Online")

    async def say(self, text: str) -> None:
        """Send a message to whoever is chosen."""
        await self.page.get_by_label("Message to").fill(text)
        await self.page.keyboard.press("Enter")

    async def choose(self, name: str) -> None:
        """Choose whom to write to."""
        await self.refresh()
        await self.person(name).check()

    async def refresh(self) -> None:
        """Ask who is connected."""
        await self.page.get_by_role("button", name="Refresh").click()

    async def refresh_until(self, target: Locator) -> None:
        """Ask who is connected again and again, until the answer shows this."""
        async with asyncio.timeout(20):
            while not await target.count():
                await self.refresh()
                await self.page.wait_for_timeout(100)

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

    def _listen(self, entry: ConsoleMessage) -> None:
        if entry.type == "error":
            self.complaints.append(entry.text)
