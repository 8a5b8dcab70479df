"""An application's own `$connect` and `$disconnect`. tests/framework/test_application.py has more of them."""

from typing import Any

import pytest

from signalbox import (
    Accept,
    Application,
    Attributes,
    Caller,
    ConnectEvent,
    DisconnectEvent,
    ForbiddenError,
    RegistrationError,
)
from signalbox.testing import Backend, HandshakeRefusedError
from tests.framework.application import NAMESPACES


class Seat(Attributes):
    row: int = 0


class Other(Attributes):
    column: int = 0


@pytest.fixture
def app() -> Application:
    return Application(namespaces=NAMESPACES)


def test_handlers_run_in_order_and_none_after_a_refusal(app: Application) -> None:
    ran: list[int] = []

    @app.on_connect()
    def first() -> None:
        ran.append(1)

    @app.on_connect()
    def second() -> None:
        ran.append(2)
        raise ForbiddenError

    @app.on_connect()
    def third() -> None:
        ran.append(3)

    with pytest.raises(HandshakeRefusedError) as refused:
        Backend(app).connect("ann")
    assert (refused.value.status, ran) == (403, [1, 2])


@pytest.mark.parametrize(("status", "opens"), [(200, True), (204, True), (403, False), (302, False)])
def test_classic_status_decides_when_a_handler_answers_with_one(
    app: Application, status: int, opens: bool
) -> None:
    @app.on_connect()
    def answer() -> dict[str, int]:
        return {"statusCode": status}

    backend = Backend(app)
    try:
        backend.connect("ann")
        opened = True
    except HandshakeRefusedError:
        opened = False
    assert opened is opens
    assert backend.publisher.send("ann", 1).recipients == opened


def test_frameworks_subprotocol_is_kept_when_the_application_adds_headers(app: Application) -> None:
    @app.on_connect()
    def accept() -> Accept:
        return Accept(headers={"X-Node": "a"})

    backend = Backend(app)
    event = backend.connect("ann").resolve(
        "CONNECT", headers={"Sec-WebSocket-Protocol": "realtime.v1, ticket"}
    )

    assert event["statusCode"] == 200
    assert event["headers"]["X-Node"] == "a"


def test_application_does_not_start_when_its_handlers_return_two_classes(app: Application) -> None:
    @app.on_connect()
    def seat() -> Seat:
        return Seat()

    @app.on_connect()
    def other() -> Other:
        return Other()

    with pytest.raises(RegistrationError, match=r"on_connect handlers return Other, Seat: one class"):
        Backend(app)


@pytest.mark.parametrize("ending", ["disconnect", "sweep"])
def test_handler_knows_who_left_when_the_end_came_either_way(app: Application, ending: str) -> None:
    ends: list[Any] = []

    @app.on_connect()
    def seat(event: ConnectEvent) -> Seat:
        return Seat(row=int(event.query["row"]))

    @app.on_disconnect()
    def leave(event: DisconnectEvent, caller: Caller, seat: Seat) -> None:
        ends.append((event.connection_id, caller.user_id, seat.row))

    backend = Backend(app)
    ann = backend.connect("ann", query={"row": "7"})
    if ending == "disconnect":
        ann.disconnect()
    else:
        backend.advance(3_600)
        backend.sweep()
        backend.sweep()

    assert ends == [(ann.connection_id, "ann", 7)]


def test_connection_ends_and_the_failure_is_reported_when_a_handler_of_disconnects_fails() -> None:
    failures: list[BaseException] = []
    app = Application(namespaces=NAMESPACES, error_receiver=failures.append)

    @app.on_disconnect()
    def fail() -> None:
        raise OSError

    backend = Backend(app)
    backend.connect("ann").disconnect()

    assert backend.publisher.send("ann", 1).recipients == 0
    assert [type(each) for each in failures] == [OSError]
