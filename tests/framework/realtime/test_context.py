"""What the framework keeps with an event, as handlers meet it."""

from typing import Any

import pytest

from signalbox import EVERYONE, Application, Attributes, Context, set_attributes
from signalbox.realtime.context import current_attributes, current_connection, tenant_services
from signalbox.testing import Backend
from tests.framework.application import NAMESPACES


class Seat(Attributes):
    row: int = 0


@pytest.fixture
def app() -> Application:
    app = Application(namespaces=NAMESPACES)

    @app.on_connect()
    def sit() -> Seat:
        return Seat(row=1)

    return app


def test_connection_and_services_are_those_of_the_message(app: Application) -> None:
    seen: list[Any] = []

    @app.on_message("look", allow=EVERYONE)
    def look(context: Context) -> None:
        seen.append((current_connection(context).user_id, tenant_services(context)))

    backend = Backend(app)
    backend.connect("ann", tenant="acme").send("look")
    backend.connect("bob", tenant="acme").send("look")
    backend.connect("eve").send("look")

    assert [user_id for user_id, _ in seen] == ["ann", "bob", "eve"]
    assert seen[0][1] is seen[1][1]
    assert seen[1][1] is not seen[2][1]


def test_attributes_are_read_when_a_handler_asks_and_not_otherwise(app: Application) -> None:
    seen: list[Any] = []

    @app.on_message("ask", allow=EVERYONE)
    def ask(context: Context, seat: Seat) -> None:
        seen.append(current_attributes(context))

    @app.on_message("other", allow=EVERYONE)
    def other(context: Context) -> None:
        seen.append(current_attributes(context))

    ann = Backend(app).connect("ann")
    ann.send("ask")
    ann.send("other")

    assert seen == [{"row": 1}, None]


def test_new_attributes_are_there_at_once_and_in_later_events_when_set(app: Application) -> None:
    seen: list[Any] = []

    @app.on_message("move", allow=EVERYONE)
    async def move(context: Context, seat: Seat) -> None:
        await set_attributes(context, Seat(row=seat.row + 1))
        seen.append(current_attributes(context))

    ann = Backend(app).connect("ann")
    ann.send("move")
    ann.send("move")

    assert seen == [{"row": 2}, {"row": 3}]
