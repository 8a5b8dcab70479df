from dataclasses import FrozenInstanceError, fields, replace

import pytest

from connection_store import (
    Channel,
    ChannelHead,
    Connection,
    InvalidKeyError,
    Position,
    Publication,
    Subscriber,
    Subscription,
    UserConnection,
)
from connection_store.models import LONGEST_ROLES
from connection_store.wire import encode

NOW = 1_767_225_600_000
CONNECTION = Connection("c-1", "ann", "Ann", NOW, NOW, 1_767_233_100)


def test_connection_comes_back_when_written_and_read() -> None:
    elsewhere = replace(CONNECTION, partition="shop", roles=frozenset({"writer", "an admin"}))
    nobody = Connection("c-1", None, None, NOW, NOW + 1, 1, roles=frozenset())
    for connection in (CONNECTION, elsewhere, nobody):
        assert Connection.from_record(connection.to_record()) == connection
    entry = UserConnection("c-1", "ann", NOW, 1_767_233_100)
    assert UserConnection.from_record("ann", entry.to_record("shop")) == entry


def test_what_belongs_to_a_channel_comes_back_when_written_and_read() -> None:
    subscription = Subscription("c-1", "chat:1", 3, True, 1_767_233_100)
    assert Subscription.from_record("c-1", subscription.to_record("shop")) == subscription
    for user_id in ("ann", None):
        subscriber = Subscriber("c-1", user_id, NOW, 1_767_233_100, 15)
        assert Subscriber.from_record(subscriber.to_record("shop", "chat:1")) == subscriber
    head = ChannelHead("e1", 7, 4, NOW, 1_767_233_100)
    assert ChannelHead.from_record(head.to_record("shop", "chat:1")) == head
    publication = Publication(head.position, '"é"', NOW, 1_767_233_100)
    assert Publication.from_record(publication.to_record("shop", "chat:1")) == publication


def test_row_stays_under_one_write_unit_when_everything_is_as_long_as_it_gets() -> None:
    """A connection's row is written every half minute: at 1,025 bytes that would cost twice as much."""
    longest = Connection(
        "c" * 128,
        "u" * 128,
        "é" * 64,
        NOW,
        NOW,
        1_767_233_100,
        roles=frozenset({"r" * (LONGEST_ROLES - 4)}),
        partition="p" * 64,
    )
    row = encode({**longest.to_record(), "channels": 100, "watched": 100, "busy_until": NOW})
    assert (
        sum(len(name) + len(str(next(iter(value.values()))).encode()) for name, value in row.items()) < 1_024
    )


def test_same_cursor_is_given_when_found_through_the_user() -> None:
    assert UserConnection("c-1", "ann", NOW, 1).cursor == CONNECTION.cursor


def test_client_data_stays_out_of_logs() -> None:
    connection = Connection.from_record(CONNECTION.to_record(), client_data="canary")
    assert connection.client_data == "canary"
    assert "canary" not in repr(connection)
    assert "canary" not in repr(Publication(Position("e1", 1), "canary", NOW, 1))


@pytest.mark.parametrize(
    "numbers", [{"shards": 0}, {"shards": 5}, {"history_size": -1}, {"history_seconds": 0}], ids=str
)
def test_channel_is_refused_when_its_numbers_make_no_sense(numbers: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="1, 4 or 16 shards"):
        Channel("chat:1", **numbers)  # type: ignore[arg-type]  # none of them is `watched`


def test_channel_is_refused_when_no_key_can_hold_its_name() -> None:
    with pytest.raises(InvalidKeyError):
        Channel("chat#1")


def test_values_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        CONNECTION.name = "Bob"  # type: ignore[misc]  # that it is refused is the point


def test_f24_no_record_has_room_for_a_list_or_a_set() -> None:
    for model in (Connection, UserConnection, Subscription, Subscriber, ChannelHead, Publication):
        stored = {
            field.name: str(field.type)
            for field in fields(model)
            if field.name not in {"client_data", "position", "roles"}  # roles are one text, and bounded
        }
        assert {kind for kind in stored.values() if kind not in _SCALARS} == set()


_SCALARS = {str(str), str(int), str(bool), str(str | None)}
