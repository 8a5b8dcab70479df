"""The subscribers of a channel, by user. test_channels.py asks for them through events."""

import pytest

from signalbox.identity.principal import Principal
from signalbox.protocol import GetPresence
from signalbox.realtime.errors import UnknownChannelError
from signalbox.resolver import ForbiddenError
from tests.framework.realtime.backend import NOW, Backend

ANN = {"principalId": "ann"}


def asking(channel: str, limit: int = 100) -> GetPresence:
    return GetPresence(action="presence.get", channel=channel, limit=limit)


async def test_user_is_listed_once_with_each_connection_when_there_are_several(backend: Backend) -> None:
    for letter, name in (("a", "Desk"), ("b", "Phone")):
        backend.connect(f"{letter}=", name=name, authorizer=ANN)
        backend.subscribe(f"{letter}=", "room:1", authorizer=ANN)

    listed = await backend.services.presence.list(Principal("bob"), asking("room:1"), now=NOW)

    assert [user.user_id for user in listed.users] == ["ann"]
    assert sorted(each.name for each in listed.users[0].connections) == ["Desk", "Phone"]
    assert listed.count == 1


async def test_all_users_are_counted_when_the_list_is_capped(backend: Backend) -> None:
    for number in range(4):
        backend.connect(f"{number}=")
        backend.subscribe(f"{number}=", "room:1")

    listed = await backend.services.presence.list(Principal("bob"), asking("room:1", limit=2), now=NOW)

    assert (len(listed.users), listed.count) == (2, 4)


@pytest.mark.parametrize(("channel", "error"), [("news:1", ForbiddenError), ("attic:1", UnknownChannelError)])
async def test_list_is_refused_when_the_namespace_has_none(
    backend: Backend, channel: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await backend.services.presence.list(Principal("bob"), asking(channel), now=NOW)
