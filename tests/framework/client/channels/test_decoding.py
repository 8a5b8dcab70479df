import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.client.channels.decoding import (
    Disconnect,
    Reply,
    SubscribeResult,
    read_behind,
    read_inbound,
    read_page,
    read_presence,
    read_subscribe_results,
)
from signalbox.client.connection.frames import read_frame
from signalbox.client.errors import MalformedError
from signalbox.client.values import (
    GatewayFrame,
    MalformedFrame,
    NewerFrame,
    Page,
    Presence,
    PresenceUser,
    Push,
    UnknownFrame,
)
from tests.framework.client.published import at, publication

PLACE = {"epoch": "e", "offset": 5}
ENTRY = {"position": PLACE, "sender": {"user_id": "u-1", "name": "Ann"}, "data": "n5", "sent_at": 1}


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    names = ("v", "type", "id", "channel", "position", "publications", "channels", "users", "message")
    return st.dictionaries(st.sampled_from(names), inner | st.sampled_from(["publication", "error", PLACE]))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | _objects(inner)
)


@pytest.mark.parametrize(
    ("frame", "is_"),
    [
        ({"v": 1, "type": "publication", "channel": "room:1", **ENTRY}, publication(5)),
        ({"v": 1, "type": "pong", "id": 7}, Reply(7, {"v": 1, "type": "pong", "id": 7})),
        ({"type": "error", "code": "x"}, Push("error", {"type": "error", "code": "x"})),
        ({"v": 1, "type": "disconnect", "code": "slow", "reconnect": True}, Disconnect("slow", True)),
        ({"v": 1, "type": "disconnect", "code": "slow"}, Disconnect("slow", False)),
        ({"v": 1, "type": "brand.new"}, UnknownFrame("brand.new", {"v": 1, "type": "brand.new"})),
        ({"v": 3, "type": "pong", "id": 1}, NewerFrame(3, {"v": 3, "type": "pong", "id": 1})),
        ({"message": "Forbidden", "connectionId": "c", "requestId": "r"}, GatewayFrame("Forbidden")),
        ({"message": "Forbidden"}, MalformedFrame('{"message": "Forbidden"}')),
        ([1], MalformedFrame("[1]")),
    ],
)
def test_a_frame_is_told_from_others_when_it_is_read(frame: Any, is_: object) -> None:
    assert read_inbound(read_frame(json.dumps(frame))) == is_


@settings(deadline=None)
@given(VALUES)
def test_reading_never_fails_when_a_frame_is_nonsense(value: Any) -> None:
    read_inbound(read_frame(json.dumps(value)))
    read_behind({"behind": value})
    for read in (read_subscribe_results, read_page, read_presence):
        with suppress(MalformedError):
            read(value)


def test_answers_are_read_when_they_are_of_the_protocol() -> None:
    state = {"channel": "room:1", "position": PLACE, "recovered": True, "publications": [ENTRY]}
    page = {"channel": "room:1", "publications": [ENTRY], "position": None, "more": False}
    users = [{"user_id": "u-1", "connections": [{"name": "Ann", "connected_at": 1}]}]

    assert read_subscribe_results({"channels": [state]}) == [
        SubscribeResult("room:1", at(5), True, (publication(5),))
    ]
    assert read_page(page) == Page((publication(5),), None, False)
    assert read_presence({"users": users, "count": 1}) == Presence((PresenceUser("u-1", ("Ann",)),), 1)
    assert read_behind({"behind": {"room:1": PLACE, "room:2": 7, "room:3": None}}) == {"room:1": at(5)}
