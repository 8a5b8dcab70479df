"""Clients that are broken in one way each, to see that the checker notices."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from signalbox.client.channels import feed, roster
from signalbox.client.channels.feed import Feed
from signalbox.client.channels.ordering import Order
from signalbox.client.channels.reading import Answer, read_page
from signalbox.client.channels.roster import Roster
from signalbox.client.connection import connector
from signalbox.client.connection.link import Link
from signalbox.client.values import Item, Publication


class Undiscerning(Order):
    """Shows again what comes again."""

    def take(self, publication: Publication) -> list[Item]:
        return super().take(publication) or ([publication] if self._has_passed(publication) else [])

    def _has_passed(self, publication: Publication) -> bool:
        here, there = self.position, publication.position
        return here is not None and there is not None and there.offset <= here.offset


class Hasty(Order):
    """Shows what comes at once, and what it has overtaken never."""

    def take(self, publication: Publication) -> list[Item]:
        items = super().take(publication)
        if not items and self.position and self.lacks:
            self.position = publication.position
            self._held.clear()
            return [publication]
        return items


class Forgetful(Feed):
    """Comes back as if it had never been there."""

    def resume(self, answer: Answer, link: Link) -> None:
        self.order = Order(self.channel)
        super().resume(replace(answer, publications=()), link)


class Backward(Roster):
    """Reads history first and subscribes then."""

    async def _subscribe(self, link: Link, batch: list[Feed]) -> None:
        for each in batch:
            if since := each.order.position:
                wanted = {"channel": each.channel, "since": since.fields(), "limit": 100}
                page = read_page(await link.request("channel.history", wanted))
                each.deliver(each.order.fill(page.publications, page.position, page.more))
        await super()._subscribe(link, batch)


def _use_forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "Feed", Forgetful)


def _use_backward(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "Feed", Forgetful)
    monkeypatch.setattr(connector, "Roster", Backward)


BROKEN: Mapping[str, Callable[[pytest.MonkeyPatch], None]] = {
    "no dedupe": lambda monkeypatch: monkeypatch.setattr(feed, "Order", Undiscerning),
    "no reorder": lambda monkeypatch: monkeypatch.setattr(feed, "Order", Hasty),
    "no recovery": _use_forgetful,
    "recovery before subscribe": _use_backward,
}
