"""docs/handlers.md: each of its examples runs, and does what the page says."""

import json
import re
from typing import Any

import pytest

from signalbox import Application
from signalbox.testing import Backend, HandshakeRefusedError
from tests.conftest import ROOT, LocalRun
from tests.documents import read_blocks
from tests.framework.application import NAMESPACES

PAGE = (ROOT / "docs" / "handlers.md").read_text()


def example(title: str, number: int = 0) -> dict[str, Any]:
    """Run a block of a section; return the names it made."""
    text = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (section,) = (each for each in text if each.startswith(f"{title}\n"))
    names: dict[str, Any] = {"__name__": "example"}
    exec(list(read_blocks(section))[number].code, names)
    return names


def serve(names: dict[str, Any]) -> Backend:
    """Serve the application of an example, or its router in one."""
    app = names.get("app")
    if app is None:
        app = Application(namespaces=NAMESPACES)
        app.include_router(names["router"])
    return Backend(app)


def test_application_has_its_messages_when_put_together() -> None:
    ann = serve(example("The application")).connect("ann")

    assert ann.send("echo", text="hello") == {"type": "echo", "text": "hello"}
    assert ann.send("who")["type"] == "who"
    assert ann.send("broadcast", data=1)["code"] == "unknown_route"
    assert ann.subscribe("room:1")["type"] == "channel.subscribed"


def test_body_is_validated_when_a_handler_asks_for_a_model() -> None:
    backend = serve(example("The parameters of a handler"))
    ann, bob = backend.connect("ann"), backend.connect("bob")
    bob.subscribe("room:1")

    assert ann.send("game.move", game="1", x=2, y=3)["type"] == "moved"
    assert bob.received[-1]["data"] == [2, 3]
    assert bob.received[-1]["sender"]["user_id"] == "ann"
    assert ann.send("game.move", game="1", x="left", y=3)["fields"] == [
        {"field": "x", "problem": "int_parsing"}
    ]


def test_start_fails_with_one_line_when_nothing_provides_a_parameter(
    capsys: pytest.CaptureFixture[str],
) -> None:
    example("The parameters of a handler", 1)

    (line,) = capsys.readouterr().out.splitlines()
    assert "show_stock asks for `database`: nothing provides it. Add it to" in line


def test_frames_come_in_order_until_the_limit_when_a_handler_yields(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ann = serve(example("Limits, several replies, work afterwards")).connect("ann")

    assert ann.send("count", to=3, id=7) == {"number": 2, "id": 7}
    assert ann.received == [{"number": 0, "id": 7}, {"number": 1, "id": 7}]
    assert "counted to 3" in capsys.readouterr().out
    answers = [ann.send("count", to=1) for _ in range(5)]
    assert answers[-1]["code"] == "rate_limited"
    assert answers[-1]["retry_after"] > 0


def test_attributes_are_kept_and_replaced_when_a_client_connects(capsys: pytest.CaptureFixture[str]) -> None:
    backend = serve(example("Connect and attributes"))
    ann = backend.connect("ann", headers={"accept-language": "de-CH"}, query={"version": "2"})

    assert ann.send("locale.set", locale="fr") == {"type": "locale", "before": "de", "now": "fr"}
    assert ann.send("locale.set", locale="it")["before"] == "fr"
    assert ann.send("locale.set", locale="x" * 4_096)["code"] == "internal"
    ann.disconnect()
    assert "a client left: it" in capsys.readouterr().out


@pytest.mark.parametrize(("version", "status"), [("-1", 403), ("new", 400)])
def test_handshake_is_refused_when_the_query_is_wrong(version: str, status: int) -> None:
    with pytest.raises(HandshakeRefusedError) as refused:
        serve(example("Connect and attributes")).connect("ann", query={"version": version})
    assert refused.value.status == status


def test_middleware_and_exception_handler_are_around_when_a_message_comes() -> None:
    names = example("Middleware and exception handlers")
    ann = serve(names).connect("ann")

    assert ann.send("price", of="tea") == {"price": 3}
    refused = ann.send("price", of="gold")
    assert (refused["code"], refused["missing"]) == ("not_found", "price")
    assert names["seen"] == ["price"]


def test_service_is_made_with_the_settings_and_closed_when_the_test_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CURRENCY", "CHF")
    with serve(example("Services")) as backend:
        assert backend.connect("ann").send("currency") == {"currency": "CHF"}
    assert backend.services.prices.currency == "closed"


def test_log_and_metrics_are_written_and_failures_reported_when_a_handler_asks_for_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = example("Logs, metrics and failures")
    ann = serve(names).connect("ann")

    assert ann.send("buy", items=5) == {"shared": True}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert next(line["Bought"] for line in lines if "Bought" in line) == [5.0]
    assert ann.send("buy", items=0)["code"] == "internal"
    assert [type(each) for each in names["failures"]] == [ZeroDivisionError]


def test_classic_handler_answers_when_it_has_the_four_parameters() -> None:
    answer = serve(example("Classic handlers")).connect("ann").send("classic", text="hi")

    assert answer == {"type": "classic", "stage": answer["stage"], "echo": "hi"}


def test_example_of_a_test_passes() -> None:
    example("Test your handlers")["test_publication_reaches_the_room"]()


def test_example_of_a_test_with_sockets_passes(local_run: LocalRun) -> None:
    example("Test your handlers", 1)["test_somebody_can_connect"](local_run)
