"""Covers signalbox.realtime.errors."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from signalbox import EVERYONE, NOBODY, OWNERS, USERS, Roles
from signalbox.realtime.errors import UnknownChannelError
from signalbox.realtime.namespaces import Namespace, find_namespace
from tests.framework.application import NAMESPACES

DOCUMENT = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()


def test_defaults_suit_a_chat() -> None:
    room = Namespace(allow_subscribe=EVERYONE)

    assert (room.history_size, room.history_seconds) == (500, 300)
    assert (room.presence, room.join_leave, room.positioning) == (True, True, True)
    assert room.shards == 4


def test_features_follow_from_each_other_when_only_one_is_named() -> None:
    quiet = Namespace(allow_subscribe=USERS, presence=False, history_size=0)

    assert (quiet.join_leave, quiet.positioning) == (False, False)
    assert (quiet.allow_history, quiet.allow_presence, quiet.allow_publish) == (USERS, NOBODY, NOBODY)


@pytest.mark.parametrize("name", ["room", "room:", "room:1", "room:a:b"])
def test_namespace_is_what_comes_before_the_first_colon(name: str) -> None:
    assert find_namespace(name, NAMESPACES) is NAMESPACES["room"]


@pytest.mark.parametrize("name", ["attic:1", "roo", "rooms:1", ":room", "", "ROOM:1"])
def test_channel_is_unknown_when_its_namespace_is(name: str) -> None:
    with pytest.raises(UnknownChannelError) as refused:
        find_namespace(name, NAMESPACES)
    assert refused.value.details == {"channel": name}


@pytest.mark.parametrize(
    "options",
    [
        {"presence": False, "join_leave": True},
        {"presence": False, "allow_presence": EVERYONE},
        {"history_size": 0, "positioning": True},
        {"allow_presence": Roles({"admin"})},
        {"history_size": -1},
        {"shards": 3},
        {"hystory_size": 1},
    ],
    ids=" ".join,
)
def test_settings_are_refused_when_they_make_no_sense_together(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Namespace.model_validate({"allow_subscribe": EVERYONE, **options})


@pytest.mark.parametrize(
    ("namespace", "watched"),
    [("room", True), ("members", True), ("news", True), ("live", False), ("user", True)],
)
def test_subscribers_beat_fast_where_presence_or_positions_matter(namespace: str, watched: bool) -> None:
    assert NAMESPACES[namespace].channel(f"{namespace}:1").watched is watched


def test_every_namespace_is_in_the_document_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", DOCUMENT.split("## Channels")[1].split("## ")[0], re.M)

    assert dict(rows) == {name: row(each) for name, each in NAMESPACES.items()}


def row(namespace: Namespace) -> str:
    minutes = namespace.history_seconds // 60
    flags = (namespace.presence, namespace.join_leave, namespace.positioning)
    cells = [
        f"{namespace.history_size} in {minutes} minutes" if namespace.history_size else "none",
        *({True: "yes", False: "no"}[flag] for flag in flags),
        WHO[namespace.allow_subscribe],
        {"anyone": "subscribers"}.get(who := WHO[namespace.allow_publish], who),
    ]
    return " | ".join(cells)


WHO = {
    EVERYONE: "anyone",
    USERS: "users, not guests",
    OWNERS: "the one user it is named after",
    NOBODY: "the server",
}
