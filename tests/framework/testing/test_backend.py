"""The testing kit: an application in this process.

Covers signalbox.testing.events.
"""

import textwrap
from typing import Any

import pytest

import signalbox.testing
from signalbox import USERS, Application, Caller, ConnectEvent, ForbiddenError, Publisher
from signalbox.testing import Backend, HandshakeRefusedError, backend
from tests.framework.application import NAMESPACES


@pytest.fixture
def app() -> Application:
    app = Application(namespaces=NAMESPACES)

    @app.on_connect()
    async def check(event: ConnectEvent) -> None:
        if "refuse" in event.query:
            raise ForbiddenError

    @app.on_message("greet", allow=USERS)
    async def greet(caller: Caller, publisher: Publisher) -> dict[str, str]:
        await publisher.send(caller.user_id, "welcome")
        return {"text": f"hello {caller.user_id}"}

    return app


def test_example_of_the_module_is_true(app: Application) -> None:
    example = textwrap.dedent(str(backend.__doc__).partition("handler:\n\n")[2])
    names: dict[str, Any] = {"Backend": Backend, "app": app}
    exec(example, names)

    names["test_publication_reaches_the_room"]()


def test_reply_and_frames_are_seen_when_a_user_sends_a_message(app: Application) -> None:
    with Backend(app) as running:
        ann, guest = running.connect("ann"), running.connect()

        assert ann.send("greet") == {"text": "hello ann"}
        assert [each["data"] for each in ann.received] == ["welcome"]
        assert guest.send("greet")["code"] == "forbidden"
        assert guest.send_text("{")["code"] == "bad_request"


def test_handshake_is_refused_when_the_application_says_so(app: Application) -> None:
    with pytest.raises(HandshakeRefusedError) as refused:
        Backend(app).connect("ann", query={"refuse": "yes"})
    assert refused.value.status == 403


def test_roles_and_tenants_are_as_named(app: Application) -> None:
    running = Backend(app)
    admin = running.connect("ann", roles={"admin"}, tenant="acme")
    other = running.connect("bob", tenant="rival")

    assert admin.send("broadcast", data=1)["recipients"] == 1
    assert other.send("broadcast", data=1)["code"] == "forbidden"


def test_clock_moves_only_when_it_is_told_to(app: Application) -> None:
    running = Backend(app)
    ann = running.connect("ann")
    before = ann.send("ping")["time"]
    running.advance(1_300)

    assert ann.send("ping")["time"] - before == 1_300_000
    running.advance(1_300)
    assert running.sweep() == 1
    assert ann.closed
    assert ann.received[-1]["type"] == "disconnect"


def test_publisher_reaches_the_connections(app: Application) -> None:
    running = Backend(app)
    ann = running.connect("ann")
    ann.subscribe("news:1")

    running.publisher.publish("news:1", "open")

    assert [each["data"] for each in ann.received] == ["open"]
    ann.disconnect()
    assert running.publisher.send("ann", 1).recipients == 0


async def test_backend_works_when_a_loop_is_running(app: Application) -> None:
    assert Backend(app).connect("ann").send("greet") == {"text": "hello ann"}


def test_services_are_closed_when_the_backend_is() -> None:
    closed: list[str] = []

    class Services:
        def close(self) -> None:
            closed.append("services")

    with Backend(Application(namespaces=NAMESPACES, services=Services)):
        pass
    assert closed == ["services"]


def test_every_name_is_there_when_the_package_exports_it() -> None:
    assert {getattr(signalbox.testing, name).__name__ for name in signalbox.testing.__all__} == {
        "Backend",
        "Connection",
        "HandshakeRefusedError",
        "MemoryEngine",
        "MemoryGateway",
    }
