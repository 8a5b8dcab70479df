"""The order of one channel: each publication once and in turn, or a gap that says what is missing."""

from collections import deque
from collections.abc import Iterable, Iterator

from ..values import Gap, Item, Position, Publication, Reason

HELD = 512
"""The most publications kept back; further ones are left to history."""

_EPOCHS = 8


class ReorderBuffer:
    """Takes publications as they come, gives them in turn. It knows nothing of time and sockets.

    ``position`` is that of the last one given; None before the first answer to a subscribe, and where the
    channel has no history.
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
        """Whether something is missing before what has come."""
        skipped = self._skipped is not None and not self._is_old(self._skipped)
        return self.position is not None and (skipped or bool(self._held))

    @property
    def waiting(self) -> set[Position]:
        """The places that have come, before which something is missing."""
        return {*self._held, *([self._skipped] if self._skipped else [])}

    def take(self, publication: Publication) -> list[Item]:
        """A publication has come; what can be given now."""
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
        return list(self._give())

    def resume(
        self, position: Position | None, recovered: bool | None, publications: Iterable[Publication]
    ) -> list[Item]:
        """The answer to a subscribe has come; what can be given now."""
        self._started = True
        if position is None:
            return []
        if self.position is None:
            self._go_to(position)
            return list(self._give())
        if recovered:
            return list(self._merge(publications, position))
        if recovered is None or self._is_old(position):  # that much has come meanwhile
            return []
        return self._leap("unrecovered", position)

    def fill(self, publications: Iterable[Publication], position: Position | None, more: bool) -> list[Item]:
        """A page of history since ``self.position``; what can be given now.

        ``position`` is where the channel is, unless there is ``more`` to ask for.
        """
        page = list(publications)
        if page and more:
            position = page[-1].position
        return list(self._merge(page, position)) if position else []

    def settle(self, places: set[Position]) -> list[Item]:
        """All of the history has been read: what was ``waiting`` before that waits no longer.

        Of another epoch it is from one before, or the history would have been refused.
        """
        here = self.position
        if here is None:
            return []
        ours = [place for place in places if place.epoch == here.epoch]
        self._past.extend({place.epoch for place in places} - {here.epoch})
        self._go_to(here)
        return list(self._merge((), max(ours, key=lambda place: place.offset, default=here)))

    def lose(self, position: Position | None = None) -> list[Item]:
        """The history after ``self.position`` is no more; where the channel is now, if that is known.

        Nothing can be given unless something else is known than that.
        """
        here = self.position
        if newer := [place for place in self._held if here is None or place.epoch != here.epoch]:
            epoch = newer[-1].epoch
            position = Position(epoch, min(place.offset for place in newer if place.epoch == epoch) - 1)
        return [] if position is None or self._is_old(position) else self._leap("lost", position)

    def _leap(self, reason: Reason, position: Position) -> list[Item]:
        self._go_to(position)
        return [Gap(self._channel, reason, position), *self._give()]

    def _go_to(self, position: Position) -> None:
        if self.position and self.position.epoch != position.epoch:
            self._past.append(self.position.epoch)
        self.position = position
        self._held = {place: held for place, held in self._held.items() if not self._is_old(place)}

    def _merge(self, publications: Iterable[Publication], until: Position) -> Iterator[Item]:
        # What is known up to `until`, held or just come, is all there is: a hole in it stays one.
        known = {each.position: each for each in publications if each.position} | self._held
        places = [place for place in known if place.epoch == until.epoch and place.offset <= until.offset]
        for place in sorted(places, key=lambda place: place.offset):
            if not self._is_old(place):
                yield from self._pass(Position(place.epoch, place.offset - 1))
                yield self._show(place, known[place])
        yield from self._pass(until)
        yield from self._give()

    def _pass(self, position: Position) -> Iterator[Item]:
        if not self._is_old(position):
            self._go_to(position)
            yield Gap(self._channel, "lost", position)

    def _show(self, position: Position, publication: Publication) -> Publication:
        self._held.pop(position, None)
        self.position = position
        return publication

    def _give(self) -> Iterator[Item]:
        while self.position and (publication := self._held.get(after := _after(self.position))):
            yield self._show(after, publication)

    def _is_old(self, position: Position) -> bool:
        if position.epoch in self._past:
            return True
        here = self.position
        return here is not None and here.epoch == position.epoch and position.offset <= here.offset

    def _is_next(self, position: Position) -> bool:
        return self.position is not None and position == _after(self.position)


def _after(position: Position) -> Position:
    return Position(position.epoch, position.offset + 1)
