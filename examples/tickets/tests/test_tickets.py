"""The ticket queue, in this process: no socket, no AWS."""

import pytest

from handlers.application import app
from signalbox.testing import Backend, HandshakeRefusedError


def test_support_and_user_hear_of_a_ticket_when_it_is_opened() -> None:
    backend = Backend(app)
    support = backend.connect("bob", roles={"support"})
    support.subscribe("queue:support")
    ann = backend.connect("ann", headers={"accept-language": "de-CH"})

    opened = ann.send("ticket.open", subject="No sound")

    ticket = {"id": opened["id"], "user_id": "ann", "subject": "No sound"}
    assert support.received[-1]["data"] == ticket
    assert ann.received[-1]["data"] == "Ihr Ticket ist bei uns"


def test_history_has_everything_when_support_comes_later() -> None:
    backend = Backend(app)
    backend.connect("ann").send("ticket.open", subject="No sound")
    backend.publisher.publish("queue:support", {"notice": "Back at nine"})

    support = backend.connect("bob", roles={"support"})
    page = support.send("channel.history", channel="queue:support", limit=10)

    ticket, notice = (each["data"] for each in page["publications"])
    assert (ticket["subject"], notice) == ("No sound", {"notice": "Back at nine"})


def test_caller_is_refused_when_they_may_not() -> None:
    backend = Backend(app)

    assert backend.connect().send("ticket.open", subject="Me")["code"] == "forbidden"
    assert backend.connect("ann").subscribe("queue:support")["code"] == "forbidden"


def test_nothing_is_opened_when_the_user_is_banned() -> None:
    with pytest.raises(HandshakeRefusedError):
        Backend(app).connect("spammer")
