"""Whether clients have shown what they should have: every publication once and in order."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from signalbox.client.values import Gap, Item


def find_faults(published: Mapping[int, object], histories: Mapping[str, Sequence[Item]]) -> list[str]:
    """What is wrong with what clients showed, each of them from the first publication to the last.

    `published` is what the server acknowledged, by its offset.
    """
    return [fault for name, items in histories.items() for fault in _find_faults(published, name, items)]


def _find_faults(published: Mapping[int, object], name: str, items: Sequence[Item]) -> Iterable[str]:
    yield from (f"{name} has a gap: {item}" for item in items if isinstance(item, Gap))
    shown = [item for item in items if not isinstance(item, Gap)]
    offsets = [item.position.offset if item.position else 0 for item in shown]
    turns = [(before, after) for before, after in pairwise(offsets) if after <= before]
    yield from (f"{name} shows {after} after {before}" for before, after in turns)
    yield from (f"{name} never shows {offset}" for offset in sorted(published.keys() - set(offsets)))
    for offset, item in zip(offsets, shown, strict=True):
        if offset not in published:
            yield f"{name} shows {offset}, which nobody has published"
        elif published[offset] != item.data:
            yield f"{name} shows something else than {offset}: {item.data}"
