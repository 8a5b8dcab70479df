"""The default policy, spelled out: each change of a rule says here whom it is for.

Covers signalbox.realtime.roles.
"""

from typing import Any, get_args

import pytest

from signalbox import NOBODY, OWNERS, Namespace, Roles, personal_channel
from signalbox.identity.principal import Principal
from signalbox.realtime.errors import UnknownChannelError
from signalbox.realtime.policy import Permission, Policy
from signalbox.realtime.roles import RESERVED
from signalbox.resolver import ForbiddenError
from tests.framework.application import NAMESPACES, ROUTES
from tests.framework.realtime.backend import Backend

POLICY = Policy(NAMESPACES)
CALLERS = {
    "guest": Principal("guest-1", guest=True),
    "user": Principal("ann"),
    "admin": Principal("ann", roles=Roles({"admin"})),
    "writer": Principal("ann", roles=Roles({"writer", "Admin", "admin ", ""})),
    "impostor": Principal("eve", roles=RESERVED),
}
ALL = set(CALLERS)
USERS = ALL - {"guest"}

ROUTE_TABLE = {
    "ping": ALL,
    "hello": ALL,
    "whoami": ALL,
    "auth.refresh": ALL,
    "who": {"admin"},
    "broadcast": {"admin"},
    "direct.send": USERS,
    "channel.subscribe": ALL,
    "channel.unsubscribe": ALL,
    "channel.publish": ALL,
    "channel.history": ALL,
    "presence.get": ALL,
}
CHANNEL_TABLE: dict[str, dict[str, set[str]]] = {
    "room:1": {"subscribe": ALL, "history": ALL, "presence": ALL, "publish": ALL},
    "members:1": {"subscribe": USERS, "history": USERS, "presence": USERS, "publish": USERS},
    "news:1": {"subscribe": ALL, "history": ALL},
    "live:1": {"subscribe": ALL, "history": ALL, "publish": ALL},
    "user:ann": {"subscribe": {"user", "admin", "writer"}, "history": {"user", "admin", "writer"}},
    "user:guest-1": {"subscribe": {"guest"}, "history": {"guest"}},
    "user:": {},
    "user": {},
}
RECIPIENT_TABLE = {"bob": USERS, "ann": USERS, "guest-2": {"admin"}}


def admitted(check: Any) -> set[str]:
    allowed = set()
    for name, principal in CALLERS.items():
        try:
            check(principal)
        except ForbiddenError:
            continue
        allowed.add(name)
    return allowed


@pytest.mark.parametrize("route", ROUTES)
def test_s05_route_is_for_those_in_the_table_and_nobody_else(route: str) -> None:
    assert admitted(lambda caller: POLICY.admit(caller, ROUTES[route])) == ROUTE_TABLE[route]


@pytest.mark.parametrize("deed", get_args(Permission))
@pytest.mark.parametrize("channel", CHANNEL_TABLE)
def test_s05_channel_is_for_those_in_the_table_and_nobody_else(channel: str, deed: Permission) -> None:
    policy = POLICY

    allowed = admitted(lambda caller: policy.admit_to(caller, deed, channel))
    assert allowed == CHANNEL_TABLE[channel].get(deed, set())
    if deed == "subscribe":
        assert {name for name, caller in CALLERS.items() if policy.keeps(caller, channel)} == allowed


@pytest.mark.parametrize("recipient", RECIPIENT_TABLE)
def test_s05_message_goes_to_those_in_the_table_and_nobody_else(recipient: str) -> None:
    policy = POLICY

    assert admitted(lambda caller: policy.admit_message(caller, recipient)) == RECIPIENT_TABLE[recipient]


def test_everybody_may_what_the_demo_shows_where_it_is_on_and_no_more() -> None:
    demo = Policy(NAMESPACES, demo=True)

    for route in ROUTES:
        assert admitted(lambda caller, route=route: demo.admit(caller, ROUTES[route])) == ALL
    for recipient in RECIPIENT_TABLE:
        assert admitted(lambda caller, to=recipient: demo.admit_message(caller, to)) == ALL
    assert admitted(lambda caller: demo.admit_to(caller, "subscribe", "members:1")) == USERS
    assert admitted(lambda caller: demo.admit_to(caller, "subscribe", "user:ann")) == {
        "user",
        "admin",
        "writer",
    }


@pytest.mark.parametrize("channel", ["attic:1", "", "ROOM:1", "room", "#"])
def test_channel_of_no_kind_is_nobodys(channel: str) -> None:
    if channel == "room":
        assert POLICY.admit_to(CALLERS["guest"], "subscribe", channel) is NAMESPACES["room"]
        return
    with pytest.raises(UnknownChannelError):
        POLICY.admit_to(CALLERS["admin"], "subscribe", channel)


def test_s05_nothing_is_allowed_where_nothing_is_said() -> None:
    policy = Policy({"room": Namespace(allow_subscribe=NOBODY)}, recipients={})

    assert admitted(lambda caller: policy.admit(caller, NOBODY)) == set()
    assert admitted(lambda caller: policy.admit_message(caller, "bob")) == set()
    for deed in get_args(Permission):
        assert admitted(lambda caller, deed=deed: policy.admit_to(caller, deed, "room:1")) == set()


@pytest.mark.parametrize(
    ("mine", "yours"),
    [
        ("ann", "Ann"),
        ("a:b", "a_b"),
        ("auth0|17", "auth0.17"),
        ("é", "e"),
        ("x" * 64, "x" * 65),
        (":" + personal_channel("auth0|17").removeprefix("user::"), "auth0|17"),
        (personal_channel("auth0|17").removeprefix("user::"), "auth0|17"),
    ],
)
def test_no_two_users_have_the_same_channel(mine: str, yours: str) -> None:
    channels = [personal_channel(user_id) for user_id in (mine, yours)]

    assert len(set(channels)) == 2
    assert all(len(channel) <= 128 for channel in channels)
    for user_id, channel in zip((mine, yours), channels, strict=True):
        caller = Principal(user_id)
        assert POLICY.keeps(caller, channel)
        assert not any(POLICY.keeps(caller, other) for other in channels if other != channel)


def test_who_was_put_on_a_channel_by_the_server_stays_there() -> None:
    staff = Namespace(allow_subscribe=Roles({"staff"}))
    policy = Policy({"team": Namespace(allow_subscribe=NOBODY), "staff": staff})

    assert all(policy.keeps(CALLERS["user"], channel) for channel in ("team:1", "attic:1"))
    assert not policy.keeps(CALLERS["user"], "staff:1")


def test_owner_of_one_namespace_owns_nothing_in_another() -> None:
    policy = Policy(dict.fromkeys(("inbox", "user"), Namespace(allow_subscribe=OWNERS)))

    assert policy.keeps(Principal("ann"), personal_channel("ann", "inbox"))
    assert not policy.keeps(Principal("ann"), "inbox:user:ann")
    assert not policy.keeps(Principal("bob"), "inbox:ann")


async def test_s05_message_is_refused_when_its_roles_are_others(backend: Backend) -> None:
    @backend.application.on_message("dance", allow=NOBODY)
    async def dance() -> None:
        raise AssertionError

    backend.connect("a=")
    assert backend.send("a=", {"action": "dance"})["code"] == "forbidden"
