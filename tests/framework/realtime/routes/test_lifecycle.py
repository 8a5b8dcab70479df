import pytest

from tests.framework.realtime.backend import NOW, Backend


def test_guest_gets_an_id_of_the_server_when_it_connects(backend: Backend) -> None:
    assert backend.connect("a=", name="Ann") == {"statusCode": 200}

    me = backend.send("a=", {"action": "whoami", "id": 7})

    assert me["user_id"].startswith("guest-")
    assert me == {
        "v": 1,
        "type": "whoami",
        "user_id": me["user_id"],
        "name": "Ann",
        "guest": True,
        "connected_at": NOW,
        "expires_at": NOW // 1000 + 7_500,
        "id": 7,
    }


def test_guest_is_the_same_when_it_brings_the_same_secret(backend: Backend) -> None:
    for connection_id, secret in (("a=", "x" * 22), ("b=", "x" * 22), ("c=", "y" * 22)):
        backend.connect(connection_id, client=secret)
    for connection_id, secret in (("d=", "x" * 21), ("e=", "x" * 21), ("f=", "x" * 65), ("g=", "a#" * 11)):
        backend.connect(connection_id, client=secret)

    users = [backend.user_of(f"{letter}=") for letter in "abcdefg"]

    assert users[0] == users[1]
    assert len(set(users[1:])) == 6
    assert "xxxx" not in users[0]


def test_identity_is_the_authorizers_when_there_is_one(backend: Backend) -> None:
    backend.connect("a=", name="Ann", authorizer={"principalId": "user-1"})

    assert backend.user_of("a=") == "user-1"


def test_guest_is_refused_when_guests_are_not_allowed() -> None:
    backend = Backend(ALLOW_GUESTS="false")

    assert backend.connect("a=") == {"statusCode": 401}


def test_name_is_guest_when_none_is_chosen(backend: Backend) -> None:
    backend.connect("a=", name=None)

    assert backend.send("a=", {"action": "whoami"})["name"] == "guest"


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\nb", "a\x00b", "\u202etxt"])
def test_connection_is_refused_when_the_name_is_unfit(backend: Backend, name: str) -> None:
    assert backend.connect("a=", name=name) == {"statusCode": 400}


def test_connection_is_refused_when_the_store_is_missing() -> None:
    assert Backend().connect("a=") == {"statusCode": 503}


def test_disconnect_is_answered_when_the_store_is_missing() -> None:
    assert Backend().disconnect("a=") == {"statusCode": 200}


def test_connection_is_forgotten_when_it_disconnects(backend: Backend) -> None:
    backend.connect("a=")
    backend.disconnect("a=")

    assert backend.send("a=", {"action": "ping"})["code"] == "connection_gone"


def test_table_stays_empty_when_a_message_follows_disconnect(backend: Backend) -> None:
    backend.connect("a=")
    backend.connect("b=")
    backend.disconnect("a=")
    backend.send("a=", {"action": "ping"}, now=NOW + 60_000)

    assert len(backend.send("b=", {"action": "who"})["people"]) == 1


def test_ping_is_answered_with_the_servers_time_when_connected(backend: Backend) -> None:
    backend.connect("a=")

    assert backend.send("a=", {"action": "ping", "id": "p"}, now=NOW + 5) == {
        "v": 1,
        "type": "pong",
        "time": NOW + 5,
        "id": "p",
    }


async def test_last_seen_moves_at_most_every_30_seconds_when_messages_arrive(backend: Backend) -> None:
    backend.connect("a=")
    seen = []
    for seconds in (1, 29, 31, 45, 62):
        backend.send("a=", {"action": "ping"}, now=NOW + seconds * 1_000)
        connection = await backend.connections.get_connection("a=", now=NOW)
        assert connection is not None
        seen.append(connection.last_seen - NOW)

    assert seen == [0, 0, 31_000, 31_000, 62_000]


def test_connection_is_gone_when_it_is_older_than_its_row_may_be(backend: Backend) -> None:
    backend.connect("a=")

    assert backend.send("a=", {"action": "ping"}, now=NOW + 7_501_000)["code"] == "connection_gone"
