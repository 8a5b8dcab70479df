"""Ids rise with time, are unique, and name their connection."""

import base64
from itertools import pairwise

from signalbox.gateway.events.ids import IdGenerator, is_connection_id


def steady(length: int) -> bytes:
    """Entropy without surprise."""
    return bytes(range(length))


def test_ids_rise_strictly_when_the_clock_stands_still_or_steps_back() -> None:
    times = iter([1_700_000_000_000, 1_700_000_000_000, 1_600_000_000_000, 1_700_000_000_001])
    ids = IdGenerator(lambda: next(times), steady)
    made = [base64.urlsafe_b64decode(ids.connection()) for _ in range(4)]
    assert all(before < after for before, after in pairwise(made))


def test_message_id_is_unique_and_ends_like_its_connection_when_many_are_made_at_once() -> None:
    ids = IdGenerator(lambda: 1_700_000_000_000, steady)
    connection_id = ids.connection()
    messages = {ids.message(connection_id) for _ in range(1_000)}
    assert len(messages) == 1_000
    tail = base64.urlsafe_b64decode(connection_id)[-3:]
    assert all(base64.urlsafe_b64decode(message)[-3:] == tail for message in messages)


def test_id_has_the_published_shape_when_made() -> None:
    connection_id = IdGenerator(lambda: 1_700_000_000_000, steady).connection()
    assert is_connection_id(connection_id)
    assert len(base64.urlsafe_b64decode(connection_id)) == 11


def test_invocation_id_is_a_uuid_when_made() -> None:
    assert IdGenerator(lambda: 0, steady).invocation() == "00010203-0405-4607-8809-0a0b0c0d0e0f"


def test_trace_is_seconds_and_entropy_when_made() -> None:
    assert (
        IdGenerator(lambda: 1_700_000_000_999, steady).trace() == "Root=1-6553f100-000102030405060708090a0b"
    )
