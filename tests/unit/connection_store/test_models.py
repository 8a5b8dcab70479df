from dataclasses import FrozenInstanceError, fields

import pytest

from connection_store import Connection, UserConnection
from connection_store.wire import encode

NOW = 1_767_225_600_000
CONNECTION = Connection("c-1", "ann", "Ann", NOW, NOW, 1_767_233_100)


def test_connection_comes_back_when_written_and_read() -> None:
    for connection in (CONNECTION, Connection("c-1", None, None, NOW, NOW + 1, 1)):
        assert Connection.from_record(connection.to_record("shop")) == connection
    entry = UserConnection("c-1", "ann", NOW, 1_767_233_100)
    assert UserConnection.from_record("ann", entry.to_record("shop")) == entry


def test_row_stays_under_one_write_unit_when_everything_is_as_long_as_it_gets() -> None:
    """A connection's row is written every half minute: at 1,025 bytes that would cost twice as much."""
    longest = Connection("c" * 128, "u" * 128, "é" * 64, NOW, NOW, 1_767_233_100)
    row = encode(longest.to_record("p" * 64))
    assert (
        sum(len(name) + len(str(next(iter(value.values()))).encode()) for name, value in row.items()) < 1_024
    )


def test_same_cursor_is_given_when_found_through_the_user() -> None:
    assert UserConnection("c-1", "ann", NOW, 1).cursor == CONNECTION.cursor


def test_client_data_stays_out_of_logs() -> None:
    connection = Connection.from_record(CONNECTION.to_record(""), client_data="canary")
    assert connection.client_data == "canary"
    assert "canary" not in repr(connection)


def test_values_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        CONNECTION.name = "Bob"  # type: ignore[misc]  # that it is refused is the point


def test_f24_no_record_has_room_for_a_list_or_a_set() -> None:
    for model in (Connection, UserConnection):
        stored = {field.name: str(field.type) for field in fields(model) if field.name != "client_data"}
        assert {kind for kind in stored.values() if kind not in _SCALARS} == set()


_SCALARS = {str(str), str(int), str(str | None)}
