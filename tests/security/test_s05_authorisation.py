"""S05: every message is judged, by what the authorizer and the row say of the caller, and by nothing else."""

from pathlib import Path
from typing import Any

import pytest

from signalbox import EVERYONE, Application, personal_channel
from signalbox.resolver import RegistrationError
from tests.framework.application import NAMESPACES, ROUTES
from tests.framework.realtime.backend import Backend
from tests.framework.realtime.test_policy import ROUTE_TABLE

ROUTES_FOLDER = Path(__file__).parents[2] / "signalbox" / "realtime" / "routes"

CALLERS: dict[str, dict[str, str] | None] = {
    "guest": None,
    "user": {"principalId": "ann"},
    "admin": {"principalId": "ann", "roles": '["admin"]'},
    "impostor": {"principalId": "eve", "roles": '["demo", "owner", "guest", "user"]'},
}
PLACE = {"epoch": "e", "offset": 0}
MESSAGES: dict[str, dict[str, Any]] = {
    "broadcast": {"data": 1},
    "direct.send": {"to": "nobody", "data": 1},
    "channel.subscribe": {"channels": [{"channel": "room:1"}]},
    "channel.unsubscribe": {"channels": ["room:1"]},
    "channel.publish": {"channel": "live:1", "data": 1},
    "channel.history": {"channel": "room:1"},
    "presence.get": {"channel": "room:1"},
}
HOSTILE: list[dict[str, Any]] = [
    {"user_id": "root", "name": "root"},
    {"principalId": "root", "principal": {"user_id": "root", "roles": ["admin"]}},
    {"roles": ["admin"], "role": "admin", "user_roles": '["admin"]', "guest": False},
    {"authorizer": {"principalId": "root", "roles": '["admin"]', "tenant": "other"}},
    {"requestContext": {"authorizer": {"principalId": "root"}, "connectionId": "b="}},
    {"connectionId": "b=", "connection_id": "b=", "caller": {"user_id": "root"}, "claims": {"sub": "root"}},
    {"sender": {"user_id": "root", "name": "root"}, "publisher": "user:root", "tenant": "other"},
    {"__class__": "Principal", "__proto__": {"roles": ["admin"]}, "constructor": "root"},
]


@pytest.fixture
async def backend() -> Backend:
    """As it is deployed."""
    backend = Backend(DEMO="false")
    await backend.connections.init_table()
    return backend


def send(backend: Backend, action: str, caller: str, /, **fields: Any) -> Any:
    return backend.send(f"{caller}=", {"action": action, **fields}, authorizer=CALLERS[caller])


def join(backend: Backend, *callers: str, **options: Any) -> None:
    for caller in callers:
        backend.connect(f"{caller}=", authorizer=CALLERS[caller], **options)


@pytest.mark.parametrize("caller", CALLERS)
def test_s05_every_route_answers_those_it_is_for_and_nobody_else(backend: Backend, caller: str) -> None:
    join(backend, caller)

    answers = {route: send(backend, route, caller, **MESSAGES.get(route, {})) for route in sorted(ROUTES)}

    refused = {route for route, answer in answers.items() if answer.get("code") == "forbidden"}
    unsubscribed = {"channel.publish"}  # it had been ended by channel.unsubscribe
    assert refused - unsubscribed == {route for route, those in ROUTE_TABLE.items() if caller not in those}


def test_s05_refusal_comes_before_the_message_is_even_read(backend: Backend) -> None:
    join(backend, "user")

    assert send(backend, "broadcast", "user")["code"] == "forbidden"
    assert send(backend, "who", "user", limit="many")["code"] == "forbidden"


@pytest.mark.parametrize("fields", HOSTILE, ids=lambda fields: ",".join(fields))
def test_s05_identity_is_not_taken_from_the_body(backend: Backend, fields: dict[str, Any]) -> None:
    join(backend, "user", "guest")
    backend.subscribe("user=", "room:1", authorizer=CALLERS["user"])
    backend.gateway.posts.clear()

    assert send(backend, "broadcast", "user", data=1, **fields)["code"] == "forbidden"
    assert send(backend, "direct.send", "guest", **{"to": "ann", "data": 1, **fields})["code"] == "forbidden"
    members = [{"channel": "members:1", **fields}]
    assert send(backend, "channel.subscribe", "guest", channels=members, **fields)["code"] == "forbidden"
    send(backend, "channel.publish", "user", channel="room:1", data=1, **fields)
    (frame,) = backend.frames_to("user=")
    assert frame["sender"] == {"user_id": "ann", "name": "Ann"}
    assert send(backend, "whoami", "user", **fields)["user_id"] == "ann"


@pytest.mark.parametrize("name", ["admin", '["admin"]', "user#root", "~acme/"])
def test_s05_nobody_rises_by_what_they_told_when_connecting(backend: Backend, name: str) -> None:
    headers = {"Roles": '["admin"]', "X-Role": "admin", "principalId": "root", "Cookie": "role=admin"}
    join(backend, "guest", "user", name=name, headers=headers)

    for caller in ("guest", "user"):
        assert send(backend, "broadcast", caller, data=1)["code"] == "forbidden"
        assert send(backend, "whoami", caller)["name"] == name
    assert send(backend, "channel.history", "guest", channel="members:1")["code"] == "forbidden"


def test_s05_own_channel_is_its_owners_alone(backend: Backend) -> None:
    join(backend, "user", "admin", "impostor", "guest")
    mine = personal_channel("ann")

    assert (
        send(backend, "channel.subscribe", "user", channels=[{"channel": mine}])["type"]
        == "channel.subscribed"
    )
    assert send(backend, "channel.history", "user", channel=mine)["type"] == "channel.history"
    for caller in ("impostor", "guest"):
        answers = [
            send(backend, "channel.subscribe", caller, channels=[{"channel": mine}]),
            send(backend, "channel.subscribe", caller, channels=[{"channel": mine, "since": PLACE}]),
            send(backend, "channel.subscribe", caller, channels=[{"channel": "room:1"}, {"channel": mine}]),
            send(backend, "channel.history", caller, channel=mine),
            send(backend, "presence.get", caller, channel=mine),
            send(backend, "channel.publish", caller, channel=mine, data="phishing"),
        ]
        assert {(each["code"], each["channel"]) for each in answers} == {("forbidden", mine)}
        assert send(backend, "ping", caller, positions={mine: PLACE})["behind"] == {}
        assert send(backend, "channel.unsubscribe", caller, channels=[mine, "room:1"])["channels"] == []


@pytest.mark.parametrize("name", ["User:ann", "user", "user:", "user::", "user:ann:", "user:ann.", "user:*"])
def test_s05_no_other_name_leads_to_anybodys_channel(backend: Backend, name: str) -> None:
    join(backend, "user", "guest")

    for caller in ("user", "guest"):
        answer = send(backend, "channel.subscribe", caller, channels=[{"channel": name}])
        assert answer["code"] in {"forbidden", "unknown_channel", "invalid_message"}


def test_s05_application_does_not_start_when_a_message_does_not_say_who_may_send_it() -> None:
    app = Application(namespaces=NAMESPACES)

    @app.on_message("channel.erase")
    async def erase() -> None:
        raise AssertionError

    with pytest.raises(RegistrationError, match=r"test_s05.*erase answers 'channel\.erase' and does not say"):
        Backend(app)
    app = Application(namespaces=NAMESPACES)
    app.on_message("channel.erase", allow=EVERYONE)(erase)
    Backend(app)


def test_s05_handlers_ask_the_principal_and_never_the_body_who_is_calling() -> None:
    for path in ROUTES_FOLDER.glob("*.py"):
        text = path.read_text()
        for said in ("message.user_id", "message.roles", "message.tenant", "message.sender", "event.body"):
            assert said not in text, f"{path.name} takes {said} for granted"
