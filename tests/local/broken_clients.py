"""Clients that are broken in one way each, to see that the checker notices."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from signalbox.client.channels import registry, state
from signalbox.client.channels.decoding import SubscribeResult, read_page
from signalbox.client.channels.registry import SubscriptionRegistry
from signalbox.client.channels.reordering import ReorderBuffer
from signalbox.client.channels.state import SubscriptionState
from signalbox.client.connection import connector
from signalbox.client.connection.connection import Connection
from signalbox.client.values import Item, Publication


class BufferWithoutDeduplication(ReorderBuffer):
    """Shows again what comes again."""

    def take(self, publication: Publication) -> list[Item]:
        return super().take(publication) or ([publication] if self._has_passed(publication) else [])

    def _has_passed(self, publication: Publication) -> bool:
        here, there = self.position, publication.position
        return here is not None and there is not None and there.offset <= here.offset


class BufferWithoutReordering(ReorderBuffer):
    """Shows what comes at once, and what it has overtaken never."""

    def take(self, publication: Publication) -> list[Item]:
        items = super().take(publication)
        if not items and self.position and self.is_behind:
            self.position = publication.position
            self._held.clear()
            return [publication]
        return items


class StateWithoutRecovery(SubscriptionState):
    """Comes back as if it had never been there."""

    def resume(self, answer: SubscribeResult, connection: Connection) -> None:
        self.buffer = ReorderBuffer(self.channel)
        super().resume(replace(answer, publications=()), connection)


class RegistryRecoveringFirst(SubscriptionRegistry):
    """Reads history first and subscribes then."""

    async def _subscribe(self, connection: Connection, batch: list[SubscriptionState]) -> None:
        for each in batch:
            if since := each.buffer.position:
                wanted = {"channel": each.channel, "since": since.fields(), "limit": 100}
                page = read_page(await connection.request("channel.history", wanted))
                each.deliver(each.buffer.fill(page.publications, page.position, page.more))
        await super()._subscribe(connection, batch)


def _use_forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "SubscriptionState", StateWithoutRecovery)


def _use_backward(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "SubscriptionState", StateWithoutRecovery)
    monkeypatch.setattr(connector, "SubscriptionRegistry", RegistryRecoveringFirst)


BROKEN: Mapping[str, Callable[[pytest.MonkeyPatch], None]] = {
    "no dedupe": lambda monkeypatch: monkeypatch.setattr(state, "ReorderBuffer", BufferWithoutDeduplication),
    "no reorder": lambda monkeypatch: monkeypatch.setattr(state, "ReorderBuffer", BufferWithoutReordering),
    "no recovery": _use_forgetful,
    "recovery before subscribe": _use_backward,
}
