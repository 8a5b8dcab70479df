"""Publications to order, and the model of what must come of them."""

from collections.abc import Iterable

from signalbox.client.values import Gap, Item, Position, Publication, Sender

ANN = Sender("u-1", "Ann")


def at(offset: int, epoch: str = "e") -> Position:
    """A position."""
    return Position(epoch, offset)


def publication(offset: int, epoch: str = "e") -> Publication:
    """The publication at a position."""
    return Publication("room:1", at(offset, epoch), ANN, f"n{offset}", 1)


def several(*offsets: int) -> list[Publication]:
    """Publications one after the other."""
    return [publication(offset) for offset in offsets]


def walk(items: Iterable[Item], position: Position) -> Position:
    """Where items lead to from a position; each is the next one, or a gap that says how much is left out."""
    for item in items:
        assert item.position is not None
        if isinstance(item, Gap):
            assert item.position.epoch != position.epoch or item.position.offset > position.offset, item
        else:
            assert item.position == at(position.offset + 1, position.epoch), item
        position = item.position
    return position
