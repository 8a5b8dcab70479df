"""Clients connect, fall silent and leave."""

import pytest

from signalbox.testing import Backend, HandshakeRefusedError


@pytest.mark.parametrize("name", ["server", "Server", " SERVER "])
def test_handshake_is_refused_when_a_client_takes_the_backends_name(backend: Backend, name: str) -> None:
    with pytest.raises(HandshakeRefusedError) as refused:
        backend.connect(query={"name": name})

    assert refused.value.status == 403


@pytest.mark.parametrize("query", [{}, {"name": "Ann"}, {"name": "server room"}], ids=str)
def test_client_connects_when_its_name_is_free(backend: Backend, query: dict[str, str]) -> None:
    assert backend.connect(query=query).send("ping")["type"] == "pong"


def test_others_are_not_disturbed_when_a_client_leaves(backend: Backend) -> None:
    ann, bob = backend.connect("ann"), backend.connect("bob")
    for each in (ann, bob):
        each.subscribe("room:1")

    ann.disconnect()

    assert bob.publish("room:1", "still here")["type"] == "channel.published"
    assert bob.received[-1]["data"] == "still here"


def test_connection_is_closed_when_it_fell_silent(backend: Backend) -> None:
    ann = backend.connect("ann")

    backend.advance(3_600)

    assert backend.sweep() == 1
    assert ann.closed
