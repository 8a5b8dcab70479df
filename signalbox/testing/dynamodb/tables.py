"""One table in memory: its definition, and its items in the order of their keys."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .refusals import invalid
from .values import Item, Value, kind_of, sortable, value_size

MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES = 2048, 1024
_ALONE = ""
"""The sort key's stand-in in a table that has none."""


class KeyAttribute(NamedTuple):
    """An attribute of the table's key: its name, its type ("S", "N" or "B") and the bytes it may have."""

    name: str
    kind: str
    limit: int

    def check(self, value: Value | None) -> None:
        """Refuse with ValidationException what cannot be this attribute's value."""
        if value is None or kind_of(value) != self.kind:
            raise invalid(f"the key attribute {self.name!r} is missing, or of another type than {self.kind}")
        if not 1 <= value_size(value) <= self.limit:
            raise invalid(f"the key attribute {self.name!r} has to have 1 to {self.limit} bytes")


class Place(NamedTuple):
    """Where an item is: its partition and its sort key, in the form they are sorted by."""

    partition: Any
    sort_key: Any


class Partition:
    """The items with one partition key, in the order of their sort keys."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.items: dict[Any, Item] = {}

    def put(self, sort_key: Any, item: Item) -> None:
        """Store an item in the place of the one that is there."""
        if sort_key not in self.items:
            insort(self.keys, sort_key)
        self.items[sort_key] = item

    def delete(self, sort_key: Any) -> None:
        """Remove an item if it is there."""
        if self.items.pop(sort_key, None) is not None:
            del self.keys[bisect_left(self.keys, sort_key)]


class MemoryTable:
    """A table. Items that go in and come out are never changed in place: who changes one makes a new one."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.definition = definition
        self.ttl_attribute: str | None = None
        self._partitions: dict[Any, Partition] = {}
        self.key = _key_of(definition)

    def place_of_key(self, key: Item) -> Place:
        """Return the place a request's `Key` names. Refuses one of another form with ValidationException."""
        if not isinstance(key, Mapping) or len(key) != len(self.key):
            raise invalid("the key has other attributes than the table's")
        return self.place_of(key)

    def place_of(self, item: Item) -> Place:
        """Return the place of an item. Refuses one whose key is no good with ValidationException."""
        values = [item.get(attribute.name) for attribute in self.key]
        for attribute, value in zip(self.key, values, strict=True):
            attribute.check(value)
        return Place(*(sortable(value) for value in values if value), *[_ALONE] * (2 - len(self.key)))

    def key_of(self, item: Item) -> dict[str, Value]:
        """Return the part of an item that is its key."""
        return {attribute.name: item[attribute.name] for attribute in self.key}

    def get(self, place: Place) -> Item | None:
        """Return the item in a place, or None."""
        return self.partition(place.partition).items.get(place.sort_key)

    def put(self, place: Place, item: Item) -> None:
        """Store an item in a place."""
        self._partitions.setdefault(place.partition, Partition()).put(place.sort_key, item)

    def delete(self, place: Place) -> None:
        """Empty a place."""
        partition = self.partition(place.partition)
        partition.delete(place.sort_key)
        if not partition.keys:
            self._partitions.pop(place.partition, None)

    def partition(self, key: Any) -> Partition:
        """Return a partition, which is empty where nothing was stored."""
        return self._partitions.get(key) or Partition()

    def after(self, place: Place | None) -> Iterator[Item]:
        """Return all items in the order of their places, or those after `place`."""
        partitions = sorted(self._partitions)
        first = 0 if place is None else bisect_left(partitions, place.partition)
        for name in partitions[first:]:
            partition = self._partitions[name]
            start = bisect_right(partition.keys, place.sort_key) if place and name == place.partition else 0
            for sort_key in partition.keys[start:]:
                yield partition.items[sort_key]


def _key_of(definition: Mapping[str, Any]) -> tuple[KeyAttribute, ...]:
    types = {each["AttributeName"]: each["AttributeType"] for each in definition["AttributeDefinitions"]}
    names = [each["AttributeName"] for each in definition["KeySchema"]]
    roles = [each["KeyType"] for each in definition["KeySchema"]]
    if roles not in (["HASH"], ["HASH", "RANGE"]) or set(names) != types.keys():
        raise invalid("a table is defined by a HASH key, perhaps a RANGE key, and the types of both")
    limits = (MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES)
    return tuple(KeyAttribute(name, types[name], limit) for name, limit in zip(names, limits, strict=False))
