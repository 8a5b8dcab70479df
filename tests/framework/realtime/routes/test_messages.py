import pytest

from signalbox.publisher import Failed, Gone, Slow
from signalbox.publisher.fanout import REFUSALS
from tests.framework.realtime.backend import NOW, Backend


def test_everybody_receives_the_message_when_one_broadcasts(backend: Backend) -> None:
    for connection_id in ("a=", "b=", "c="):
        backend.connect(connection_id, name=connection_id[0])
    sender = backend.user_of("a=")

    sent = backend.send("a=", {"action": "broadcast", "data": {"text": "hé"}, "id": 1}, now=NOW + 9)

    counts = {"recipients": 3, "sent": 3, "gone": 0, "slow": 0, "failed": 0, "complete": True}
    measured = {name: sent[name] for name in ("duration_ms", "posts_per_second")}
    assert sent == {
        "v": 1,
        "type": "broadcast.sent",
        "message_id": sent["message_id"],
        **counts,
        **measured,
        "queued": False,
        "cost_usd": pytest.approx(3e-6, rel=0.02),
        "id": 1,
    }
    message = {
        "v": 1,
        "type": "message",
        "message_id": sent["message_id"],
        "audience": "everyone",
        "sender": {"user_id": sender, "name": "a"},
        "data": {"text": "hé"},
        "sent_at": NOW + 9,
    }
    assert [backend.frames_to(each) for each in ("a=", "b=", "c=")] == [[message]] * 3


async def test_only_the_recipient_that_left_loses_its_row_when_one_is_gone(backend: Backend) -> None:
    for connection_id in ("a=", "b=", "c=", "d="):
        backend.connect(connection_id)
    backend.gateway.script("b=", Gone())
    backend.gateway.script("c=", *[Slow()] * REFUSALS)
    backend.gateway.script("d=", Failed("gateway", retry=False))

    later = NOW + 60_000
    sent = backend.send("a=", {"action": "broadcast", "data": 1}, now=later)

    assert (sent["recipients"], sent["sent"], sent["gone"], sent["slow"], sent["failed"]) == (4, 1, 1, 1, 1)
    left = {each.connection_id async for each in backend.connections.stream(now=later)}
    assert left == {"a=", "c=", "d="}


async def test_young_connection_keeps_its_row_when_a_post_overtakes_its_handshake(backend: Backend) -> None:
    backend.connect("a=")
    backend.connect("b=")
    backend.gateway.script("b=", Gone(), Gone())

    backend.send("a=", {"action": "broadcast", "data": 1}, now=NOW + 1_000)

    assert await backend.connections.get_connection("b=", now=NOW) is not None


def test_only_one_user_receives_the_message_when_it_is_direct(backend: Backend) -> None:
    for connection_id in ("a=", "b=", "c="):
        backend.connect(connection_id)

    sent = backend.send("a=", {"action": "direct.send", "to": backend.user_of("b="), "data": "psst"})

    assert (sent["type"], sent["sent"]) == ("direct.sent", 1)
    assert [frame["audience"] for frame in backend.frames_to("b=")] == ["you"]
    assert backend.frames_to("a=") == backend.frames_to("c=") == []


def test_every_connection_of_the_user_receives_it_when_there_are_several(backend: Backend) -> None:
    backend.connect("a=")
    for connection_id in ("b=", "c="):
        backend.connect(connection_id, authorizer={"principalId": "user-1"})

    assert backend.send("a=", {"action": "direct.send", "to": "user-1", "data": 1})["sent"] == 2


def test_sender_is_told_when_the_recipient_has_left(backend: Backend) -> None:
    backend.connect("a=")
    backend.connect("b=")
    user = backend.user_of("b=")
    backend.gateway.script("b=", Gone())

    first = backend.send("a=", {"action": "direct.send", "to": user, "data": 1}, now=NOW + 60_000)
    second = backend.send("a=", {"action": "direct.send", "to": user, "data": 1}, now=NOW + 60_000)

    assert (first["code"], second["code"]) == ("not_found", "not_found")


def test_user_id_cannot_forge_a_key_when_it_holds_a_separator(backend: Backend) -> None:
    backend.connect("a=", authorizer={"principalId": "user"})
    backend.connect("b=")

    for forged in ("user#a=", "conns#1", "../user", "user/@"):
        assert backend.send("b=", {"action": "direct.send", "to": forged, "data": 1})["code"] == "not_found"
