import pytest

from signalbox.client.values import Gap, Item, Position, Publication, Sender
from tests.clients.checking import find_faults

PUBLISHED = {1: "a", 2: "b", 3: "c"}


def item(offset: int, data: object) -> Publication:
    """A publication as a client showed it."""
    return Publication("room:1", Position("e", offset), Sender("u-1", "Ann"), data, 1)


ALL: list[Item] = [item(1, "a"), item(2, "b"), item(3, "c")]


def test_nothing_is_wrong_when_everything_was_shown_in_order() -> None:
    assert find_faults(PUBLISHED, {"ann": ALL, "bob": ALL}) == []


@pytest.mark.parametrize(
    ("shown", "faults"),
    [
        (ALL[:2], ["ann never shows 3"]),
        ([*ALL, ALL[2]], ["ann shows 3 after 3"]),
        ([ALL[1], ALL[0], ALL[2]], ["ann shows 1 after 2"]),
        ([*ALL, item(4, "d")], ["ann shows 4, which nobody has published"]),
        ([*ALL[:2], item(3, "x")], ["ann shows something else than 3: x"]),
        (
            [*ALL, Gap("room:1", "lost")],
            ["ann has a gap: Gap(channel='room:1', reason='lost', position=None)"],
        ),
    ],
)
def test_the_fault_is_named_when_there_is_one(shown: list[Item], faults: list[str]) -> None:
    assert find_faults(PUBLISHED, {"ann": shown}) == faults
