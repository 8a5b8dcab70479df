"""S06: whoever comes back is asked again whether they may, and a position opens nothing."""

import asyncio
from typing import Any

import pytest

from signalbox import EVERYONE, NOBODY, Application, Namespace, Roles
from signalbox.moment import Moment
from tests.framework.application import NAMESPACES
from tests.framework.realtime.backend import NOW, Backend

STAFF = Roles({"staff"})
ANN = {"principalId": "ann", "roles": '["staff"]'}
REVOKED = {"principalId": "ann"}
BOB = {"principalId": "bob", "roles": '["staff"]'}


@pytest.fixture
async def backend() -> Backend:
    """`members` is for staff, and whoever hears `news` does not read what was said before."""
    staff = Namespace(allow_subscribe=STAFF, allow_publish=STAFF)
    news = Namespace(allow_subscribe=EVERYONE, allow_history=NOBODY, presence=False, shards=16)
    backend = Backend(Application(namespaces={**NAMESPACES, "members": staff, "news": news}))
    await backend.connections.init_table()
    return backend


def resume(backend: Backend, connection_id: str, channel: str, since: Any, authorizer: dict[str, str]) -> Any:
    wanted = [{"channel": "room:1"}, {"channel": channel, "since": since}]
    message = {"action": "channel.subscribe", "channels": wanted}
    return backend.send(connection_id, message, authorizer=authorizer)


def everything(backend: Backend, connection_id: str, since: Any, authorizer: dict[str, str]) -> list[Any]:
    messages: list[dict[str, Any]] = [
        {"action": "channel.history", "channel": "members:1"},
        {"action": "channel.history", "channel": "members:1", "since": since},
        {"action": "presence.get", "channel": "members:1"},
        {"action": "channel.publish", "channel": "members:1", "data": 1},
    ]
    asked = [backend.send(connection_id, each, authorizer=authorizer) for each in messages]
    ping = {"action": "ping", "positions": {"members:1": since}}
    assert backend.send(connection_id, ping, authorizer=authorizer)["behind"] == {}
    return [resume(backend, connection_id, "members:1", since, authorizer), *asked]


def join(backend: Backend) -> Any:
    """Ann and Bob on a channel; the position before something was said."""
    backend.connect("b=", authorizer=BOB)
    backend.connect("a=", authorizer=ANN)
    backend.subscribe("b=", "members:1", authorizer=BOB)
    return backend.subscribe("a=", "members:1", authorizer=ANN)["channels"][0]["position"]


def talk(backend: Backend) -> None:
    message = {"action": "channel.publish", "channel": "members:1", "data": "secret"}
    assert backend.send("b=", message, authorizer=BOB)["type"] == "channel.published"


def test_s06_resume_is_forbidden_when_it_was_revoked_during_the_disconnect(backend: Backend) -> None:
    since = join(backend)
    backend.disconnect("a=", authorizer=ANN)
    talk(backend)
    backend.connect("c=", authorizer=REVOKED)

    answers = everything(backend, "c=", since, REVOKED)

    assert {(each["code"], each["channel"]) for each in answers} == {("forbidden", "members:1")}
    assert "secret" not in str(answers)
    assert (
        backend.send("c=", {"action": "channel.unsubscribe", "channels": ["room:1"]}, authorizer=REVOKED)[
            "channels"
        ]
        == []
    )


def test_s06_everything_is_forbidden_at_once_when_it_is_revoked_while_connected(backend: Backend) -> None:
    since = join(backend)
    sessions = backend.services.role_changes
    asyncio.run(sessions.change_roles("ann", [], Moment(NOW, lambda: 9.0)))
    backend.gateway.posts.clear()
    talk(backend)

    answers = everything(backend, "a=", since, ANN)

    assert {(each["code"], each["channel"]) for each in answers} == {("forbidden", "members:1")}
    assert backend.frames_to("a=") == []


def test_s06_resume_succeeds_when_nothing_was_revoked(backend: Backend) -> None:
    since = join(backend)
    backend.disconnect("a=", authorizer=ANN)
    talk(backend)
    backend.connect("c=", authorizer=ANN)

    _, answer = resume(backend, "c=", "members:1", since, ANN)["channels"]

    assert answer["recovered"] is True
    assert [each["data"] for each in answer["publications"]] == ["secret"]


def test_s06_position_is_no_key_to_a_history_one_may_not_read(backend: Backend) -> None:
    backend.connect("a=", authorizer=REVOKED)
    position = backend.subscribe("a=", "news:1", authorizer=REVOKED)["channels"][0]["position"]

    for since in (position, {**position, "offset": 0}, {"epoch": "made-up", "offset": 0}):
        refused = resume(backend, "a=", "news:1", since, REVOKED)
        assert (refused["code"], refused["channel"]) == ("forbidden", "news:1")
