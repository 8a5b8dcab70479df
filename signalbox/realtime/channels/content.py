"""Publications: one text in the store, on the wire an entry of several or a frame of its own."""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, JsonValue

from connection_store import Position, Publication
from signalbox import protocol
from signalbox.protocol import Entry, StreamPosition

ROOM = 98_304
"""Bytes of publications in one frame: what 128 KB leave beside 49 channels' names and positions."""

LARGEST = ROOM - 1_024
"""Bytes of a publication's text: whatever was published fits into a frame that recovers it."""

SMALLEST = 100
"""The least bytes that an entry has."""


class Content(BaseModel):
    """A publication without what the store knows of it."""

    sender: protocol.Sender
    data: JsonValue

    def to_frame(self, channel: str, position: Position | None, sent_at: int) -> protocol.Publication:
        """Return the frame that subscribers get."""
        place = None if position is None else to_wire_position(position)
        return protocol.Publication(
            channel=channel, position=place, sender=self.sender, data=self.data, sent_at=sent_at
        )


def to_entry(publication: Publication) -> Entry:
    """Return a stored publication as one of several."""
    content = Content.model_validate_json(publication.data)
    return Entry(
        position=to_wire_position(publication.position),
        sender=content.sender,
        data=content.data,
        sent_at=publication.published_at,
    )


def fit(publications: Sequence[Publication]) -> list[Entry]:
    """Return as many as fit into one frame, from the first."""
    room, entries = ROOM, list[Entry]()
    for entry in map(to_entry, publications):
        room -= size_of([entry])
        if room < 0:
            break
        entries.append(entry)
    return entries


def size_of(entries: Iterable[Entry]) -> int:
    """Return their bytes in a frame."""
    return sum(len(entry.model_dump_json().encode()) + 1 for entry in entries)


def to_wire_position(position: Position) -> StreamPosition:
    """Return the store's position as it is on the wire."""
    return StreamPosition(epoch=position.epoch, offset=position.offset)


def to_position(place: StreamPosition | None) -> Position | None:
    """Return a client's position as the store knows it."""
    return None if place is None else Position(place.epoch, place.offset)
