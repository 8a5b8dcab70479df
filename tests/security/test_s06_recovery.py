"""S06: whoever comes back is asked again whether they may, and a position opens nothing."""

import asyncio
from typing import Any

import pytest

from signalbox.realtime.policy import CHANNELS, EVERYONE, Access, Policy, Roles
from tests.framework.realtime.backend import NOW, Bench

STAFF = Roles({"staff"})
ANN = {"principalId": "ann", "roles": '["staff"]'}
REVOKED = {"principalId": "ann"}
BOB = {"principalId": "bob", "roles": '["staff"]'}


@pytest.fixture
async def bench(aws: None) -> Bench:
    """`members` is for staff, and whoever hears `news` does not read what was said before."""
    staff = Access(subscribe=STAFF, history=STAFF, presence=STAFF, publish=STAFF)
    channels = {**CHANNELS, "members": staff, "news": Access(subscribe=EVERYONE)}
    bench = Bench(Policy(channels=channels))
    await bench.connections.init_table()
    return bench


def resume(bench: Bench, connection_id: str, channel: str, since: Any, authorizer: dict[str, str]) -> Any:
    wanted = [{"channel": "room:1"}, {"channel": channel, "since": since}]
    message = {"action": "channel.subscribe", "channels": wanted}
    return bench.send(connection_id, message, authorizer=authorizer)


def everything(bench: Bench, connection_id: str, since: Any, authorizer: dict[str, str]) -> list[Any]:
    messages: list[dict[str, Any]] = [
        {"action": "channel.history", "channel": "members:1"},
        {"action": "channel.history", "channel": "members:1", "since": since},
        {"action": "presence.get", "channel": "members:1"},
        {"action": "channel.publish", "channel": "members:1", "data": 1},
    ]
    asked = [bench.send(connection_id, each, authorizer=authorizer) for each in messages]
    ping = {"action": "ping", "positions": {"members:1": since}}
    assert bench.send(connection_id, ping, authorizer=authorizer)["behind"] == {}
    return [resume(bench, connection_id, "members:1", since, authorizer), *asked]


def join(bench: Bench) -> Any:
    """Ann and Bob on a channel; the position before something was said."""
    bench.connect("b=", authorizer=BOB)
    bench.connect("a=", authorizer=ANN)
    bench.subscribe("b=", "members:1", authorizer=BOB)
    return bench.subscribe("a=", "members:1", authorizer=ANN)["channels"][0]["position"]


def talk(bench: Bench) -> None:
    message = {"action": "channel.publish", "channel": "members:1", "data": "secret"}
    assert bench.send("b=", message, authorizer=BOB)["type"] == "channel.published"


def test_s06_resume_is_forbidden_when_it_was_revoked_during_the_disconnect(bench: Bench) -> None:
    since = join(bench)
    bench.disconnect("a=", authorizer=ANN)
    talk(bench)
    bench.connect("c=", authorizer=REVOKED)

    answers = everything(bench, "c=", since, REVOKED)

    assert {(each["code"], each["channel"]) for each in answers} == {("forbidden", "members:1")}
    assert "secret" not in str(answers)
    assert (
        bench.send("c=", {"action": "channel.unsubscribe", "channels": ["room:1"]}, authorizer=REVOKED)[
            "channels"
        ]
        == []
    )


def test_s06_everything_is_forbidden_at_once_when_it_is_revoked_while_connected(bench: Bench) -> None:
    since = join(bench)
    sessions = bench.services.sessions
    asyncio.run(sessions.change_roles("ann", [], now=NOW, time_left=lambda: 9.0))
    bench.gateway.posts.clear()
    talk(bench)

    answers = everything(bench, "a=", since, ANN)

    assert {(each["code"], each["channel"]) for each in answers} == {("forbidden", "members:1")}
    assert bench.frames_to("a=") == []


def test_s06_resume_succeeds_when_nothing_was_revoked(bench: Bench) -> None:
    since = join(bench)
    bench.disconnect("a=", authorizer=ANN)
    talk(bench)
    bench.connect("c=", authorizer=ANN)

    _, answer = resume(bench, "c=", "members:1", since, ANN)["channels"]

    assert answer["recovered"] is True
    assert [each["data"] for each in answer["publications"]] == ["secret"]


def test_s06_position_is_no_key_to_a_history_one_may_not_read(bench: Bench) -> None:
    bench.connect("a=", authorizer=REVOKED)
    position = bench.subscribe("a=", "news:1", authorizer=REVOKED)["channels"][0]["position"]

    for since in (position, {**position, "offset": 0}, {"epoch": "made-up", "offset": 0}):
        refused = resume(bench, "a=", "news:1", since, REVOKED)
        assert (refused["code"], refused["channel"]) == ("forbidden", "news:1")
