"""Puts the publications of one channel in order, each once, with gaps where some are missing."""

from collections import deque
from collections.abc import Iterable, Iterator

from ..values import Gap, Item, Position, Publication, Reason

HELD = 512
"""The maximum number of publications held. Further ones are read from the history."""

_EPOCHS = 8


class ReorderBuffer:
    """Takes publications in any order and returns them by offset. It has no clock and no socket.

    ``position`` is the position of the last item that was returned. It is None before the first answer to a
    subscribe, and where the channel has no history. The methods return the items that are in order now.
    """

    def __init__(self, channel: str, position: Position | None = None, limit: int = HELD) -> None:
        self.position = position
        self._channel = channel
        self._limit = limit
        self._held: dict[Position, Publication] = {}
        self._skipped: Position | None = None
        self._started = False
        self._past: deque[str] = deque(maxlen=_EPOCHS)

    @property
    def is_behind(self) -> bool:
        """Whether a publication is missing before one that has come."""
        skipped = self._skipped is not None and not self._is_old(self._skipped)
        return self.position is not None and (skipped or bool(self._held))

    @property
    def waiting(self) -> set[Position]:
        """The positions that have come and wait for an earlier publication."""
        return {*self._held, *([self._skipped] if self._skipped else [])}

    def take(self, publication: Publication) -> list[Item]:
        """Take a publication."""
        position = publication.position
        if position is None:
            return [publication]
        if self.position is None and self._started:
            self.position = Position(position.epoch, position.offset - 1)
        if self._is_old(position):
            return []
        if len(self._held) < self._limit or self._is_next(position):
            self._held[position] = publication
        else:
            self._skipped = position
        return list(self._release())

    def resume(
        self, position: Position | None, recovered: bool | None, publications: Iterable[Publication]
    ) -> list[Item]:
        """Take the answer to a subscribe."""
        self._started = True
        if position is None:
            return []
        if self.position is None:
            self._go_to(position)
            return list(self._release())
        if recovered:
            return list(self._merge(publications, position))
        if recovered is None or self._is_old(position):  # another connection has brought them meanwhile
            return []
        return self._skip_to("unrecovered", position)

    def fill(self, publications: Iterable[Publication], position: Position | None, more: bool) -> list[Item]:
        """Take a page of the history after ``self.position``.

        ``position`` is the position of the channel, unless the page says that there is ``more``.
        """
        page = list(publications)
        if page and more:
            position = page[-1].position
        return list(self._merge(page, position)) if position else []

    def settle(self, places: set[Position]) -> list[Item]:
        """Note that the history was read to its end. ``places`` are the positions that waited before that.

        Positions of another epoch are of a former one. Otherwise the server would have refused the history.
        """
        here = self.position
        if here is None:
            return []
        ours = [place for place in places if place.epoch == here.epoch]
        self._past.extend({place.epoch for place in places} - {here.epoch})
        self._go_to(here)
        return list(self._merge((), max(ours, key=lambda place: place.offset, default=here)))

    def lose(self, position: Position | None = None) -> list[Item]:
        """Note that the history after ``self.position`` is gone. ``position`` is the channel's, if known.

        Returns nothing if no later position is known.
        """
        here = self.position
        if newer := [place for place in self._held if here is None or place.epoch != here.epoch]:
            epoch = newer[-1].epoch
            position = Position(epoch, min(place.offset for place in newer if place.epoch == epoch) - 1)
        return [] if position is None or self._is_old(position) else self._skip_to("lost", position)

    def _skip_to(self, reason: Reason, position: Position) -> list[Item]:
        self._go_to(position)
        return [Gap(self._channel, reason, position), *self._release()]

    def _go_to(self, position: Position) -> None:
        if self.position and self.position.epoch != position.epoch:
            self._past.append(self.position.epoch)
        self.position = position
        self._held = {place: held for place, held in self._held.items() if not self._is_old(place)}

    def _merge(self, publications: Iterable[Publication], until: Position) -> Iterator[Item]:
        # The publications known up to `until` are all there is. Missing ones become gaps.
        known = {each.position: each for each in publications if each.position} | self._held
        places = [place for place in known if place.epoch == until.epoch and place.offset <= until.offset]
        for place in sorted(places, key=lambda place: place.offset):
            if not self._is_old(place):
                yield from self._report_gap(Position(place.epoch, place.offset - 1))
                yield self._advance(place, known[place])
        yield from self._report_gap(until)
        yield from self._release()

    def _report_gap(self, position: Position) -> Iterator[Item]:
        if not self._is_old(position):
            self._go_to(position)
            yield Gap(self._channel, "lost", position)

    def _advance(self, position: Position, publication: Publication) -> Publication:
        self._held.pop(position, None)
        self.position = position
        return publication

    def _release(self) -> Iterator[Item]:
        while self.position and (publication := self._held.get(after := _after(self.position))):
            yield self._advance(after, publication)

    def _is_old(self, position: Position) -> bool:
        if position.epoch in self._past:
            return True
        here = self.position
        return here is not None and here.epoch == position.epoch and position.offset <= here.offset

    def _is_next(self, position: Position) -> bool:
        return self.position is not None and position == _after(self.position)


def _after(position: Position) -> Position:
    return Position(position.epoch, position.offset + 1)
