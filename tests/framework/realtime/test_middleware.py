"""What is around every handler. tests/security has limits (S09), roles (S05) and log lines (S14)."""

import pytest

from signalbox import EVERYONE, USERS, Application, Caller, Context
from signalbox.testing import Backend, HandshakeRefusedError
from tests.framework.application import NAMESPACES


@pytest.fixture
def app() -> Application:
    app = Application(namespaces=NAMESPACES)

    @app.on_message("me", allow=EVERYONE)
    def me(caller: Caller) -> dict[str, str]:
        return {"user_id": caller.user_id}

    @app.on_message("users", allow=USERS)
    def users() -> dict[str, bool]:
        return {"ok": True}

    return app


def outcomes(caplog: pytest.LogCaptureFixture, level: str) -> list[str]:
    lines = [each for each in caplog.records if each.message == "event" and each.levelname == level]
    return [f"{each.__dict__['route']} {each.__dict__['outcome']}" for each in lines]


def test_guest_keeps_an_id_when_there_is_no_authorizer(app: Application) -> None:
    guest = Backend(app).connect()

    user_id = guest.send("me")["user_id"]
    assert user_id.startswith("guest-")
    assert guest.send("me")["user_id"] == user_id


def test_handshake_is_refused_when_guests_are_not_allowed(app: Application) -> None:
    with pytest.raises(HandshakeRefusedError) as refused:
        Backend(app, ALLOW_GUESTS="false").connect()

    assert refused.value.status == 401


@pytest.mark.parametrize("ending", ["disconnect", "time"])
def test_message_is_refused_when_its_connection_has_ended(app: Application, ending: str) -> None:
    backend = Backend(app)
    ann = backend.connect("ann")
    if ending == "disconnect":
        ann.disconnect()
    else:
        backend.advance(3 * 3_600)

    assert ann.send("me")["code"] == "connection_gone"


def test_each_event_is_one_line_with_its_outcome_unless_it_is_a_ping(
    app: Application, caplog: pytest.LogCaptureFixture
) -> None:
    guest = Backend(app).connect()
    for action in ("me", "users", "ping", "nonsense"):
        guest.send(action)

    assert outcomes(caplog, "INFO") == ["$connect ok", "me ok"]
    assert [each.partition(" ")[2] for each in outcomes(caplog, "WARNING")] == ["forbidden", "unknown_route"]


def test_role_is_the_servers_when_it_was_changed_after_the_handshake(app: Application) -> None:
    backend = Backend(app)
    ann = backend.connect("ann", roles=["admin"])

    before = ann.send("broadcast", data=1)["type"]
    backend.publisher.change_roles("ann", [])

    assert (before, ann.send("broadcast", data=1)["code"]) == ("broadcast.sent", "forbidden")


def test_flood_is_refused_and_then_closed_when_it_goes_on(app: Application) -> None:
    backend = Backend(app, MESSAGE_RATE="1", MESSAGE_BURST="2")
    ann, bob = backend.connect("ann"), backend.connect("bob")

    codes = [ann.send("ping").get("code") for _ in range(30)]

    assert codes[:3] == [None, None, "rate_limited"]
    assert ann.closed
    assert bob.send("ping")["type"] == "pong"
    assert not bob.closed


def test_callers_tenant_is_the_one_of_the_services_when_a_message_comes(app: Application) -> None:
    seen: list[str] = []

    @app.on_message("tenant", allow=EVERYONE)
    def tenant(context: Context, caller: Caller) -> None:
        seen.append(getattr(caller, "tenant", "none"))

    backend = Backend(app)
    backend.connect("ann", tenant="acme").send("tenant")
    backend.connect("ann").send("tenant")

    assert seen == ["acme", ""]
