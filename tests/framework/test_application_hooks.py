"""Handlers of connections that begin and end, and the attributes that they return."""

import asyncio
import json
from typing import Any

import pytest
from pydantic import BaseModel

from signalbox import (
    EVERYONE,
    Accept,
    Application,
    Attributes,
    Caller,
    ConnectEvent,
    Context,
    DisconnectEvent,
    RegistrationError,
    UnauthorizedError,
    set_attributes,
)
from signalbox.moment import Moment
from signalbox.publisher import Gone
from tests.framework.application import NAMESPACES
from tests.framework.realtime.backend import NOW, Backend
from tests.framework.test_application import ANN, started

SILENT = NOW + 1_200_000


class Locale(Attributes):
    language: str = "en"


# Attributes


@pytest.fixture
def localized(app: Application) -> Application:
    @app.on_connect()
    async def language(event: ConnectEvent) -> Locale:
        return Locale(language=event.query.get("name", "en"))

    @app.on_message("language", allow=EVERYONE)
    async def tell(locale: Locale) -> dict[str, str]:
        return {"language": locale.language}

    @app.on_message("change", allow=EVERYONE)
    async def change(context: Context, body: Any) -> None:
        await set_attributes(context, Locale(language=body["to"]))

    return app


def test_attributes_are_there_when_a_later_handler_asks_for_them(localized: Application) -> None:
    backend = started(localized)
    backend.connect("a=", name="fr")
    backend.connect("b=", name="de")

    assert backend.send("a=", {"action": "language"}) == {"language": "fr"}
    assert backend.send("b=", {"action": "language"}) == {"language": "de"}
    assert backend.send("a=", {"action": "change", "to": "it"}) is None
    assert backend.send("a=", {"action": "language"}) == {"language": "it"}


def test_attributes_have_their_defaults_when_nothing_was_kept(app: Application) -> None:
    kept: list[Locale] = []

    @app.on_connect()
    async def nothing() -> Locale | None:
        return None

    @app.on_message("language", allow=EVERYONE)
    async def tell(locale: Locale) -> None:
        kept.append(locale)

    backend = started(app)
    backend.connect("a=")
    backend.send("a=", {"action": "language"})

    assert kept == [Locale()]


def test_connection_is_refused_when_its_attributes_are_too_large(localized: Application) -> None:
    backend = started(localized)

    @backend.application.on_message("large", allow=EVERYONE)
    async def large(context: Context) -> None:
        await set_attributes(context, Locale(language="x" * 4_096))

    backend.connect("a=")
    assert backend.send("a=", {"action": "large"})["code"] == "internal"


def test_application_does_not_start_when_two_classes_of_attributes_are_returned(
    localized: Application,
) -> None:
    class Other(Attributes):
        pass

    @localized.on_connect()
    async def other() -> Other:
        return Other()

    with pytest.raises(RegistrationError, match="on_connect handlers return Locale, Other"):
        Backend(localized)


def test_application_does_not_start_when_nothing_returns_the_attributes_that_are_asked_for(
    app: Application,
) -> None:
    @app.on_disconnect()
    async def tell(locale: Locale) -> None: ...

    with pytest.raises(RegistrationError, match="asks for `locale`"):
        Backend(app)


# Hooks


def test_first_refusal_wins_and_leaves_nothing_when_a_handler_of_connects_refuses(app: Application) -> None:
    @app.on_connect()
    async def check(event: ConnectEvent) -> None:
        if event.query.get("name") == "Eve":
            raise UnauthorizedError

    @app.on_connect()
    async def classic(event: dict[str, Any], context: Context, connection_id: str) -> dict[str, Any]:
        return {"statusCode": 403 if connection_id == "b=" else 200}

    backend = started(app)

    assert backend.connect("a=", name="Eve") == {"statusCode": 401}
    assert backend.connect("b=") == {"statusCode": 403}
    assert backend.connect("c=") == {"statusCode": 200}
    assert [each.connection_id for each in asyncio.run(backend.connections.page(9, now=NOW)).connections] == [
        "c="
    ]


class Query(BaseModel):
    name: str
    age: int = 0


def test_query_string_is_validated_when_a_handler_of_connects_asks_for_a_model(app: Application) -> None:
    asked: list[Query] = []

    @app.on_connect()
    async def check(query: Query) -> None:
        asked.append(query)

    backend = started(app)

    assert backend.connect("a=", name="Ann") == {"statusCode": 200}
    assert backend.connect("b=", name=None) == {"statusCode": 400}
    assert asked == [Query(name="Ann")]


def test_subprotocol_of_the_application_is_chosen_when_it_accepts(app: Application) -> None:
    @app.on_connect()
    async def choose() -> Accept:
        return Accept("chat")

    backend = started(app)
    answer = backend.connect("a=", headers={"Sec-WebSocket-Protocol": "realtime.v1, chat"})

    assert answer["headers"] == {"Sec-WebSocket-Protocol": "chat"}


@pytest.fixture
def ends(localized: Application) -> list[tuple[str, str, str, str]]:
    """What the handler of disconnects was told."""
    told: list[tuple[str, str, str, str]] = []

    @localized.on_disconnect()
    async def tell(event: DisconnectEvent, caller: Caller, locale: Locale) -> None:
        told.append((event.connection_id, caller.user_id, locale.language, event.reason))

    return told


def test_end_is_told_once_when_the_client_leaves(localized: Application, ends: list[Any]) -> None:
    backend = started(localized)
    backend.connect("a=", name="fr", authorizer=ANN)

    for _ in range(2):
        backend.disconnect("a=", authorizer=ANN)
    assert ends == [("a=", "ann", "fr", "")]


def test_end_is_told_by_the_sweep_when_the_disconnect_never_came(
    localized: Application, ends: list[Any]
) -> None:
    backend = started(localized)
    backend.connect("a=", name="fr", authorizer=ANN)
    moment = Moment(SILENT, lambda: 60.0)

    assert asyncio.run(backend.services.endings.sweep(moment)) == 1
    assert ends == [("a=", "ann", "fr", "ended")]
    backend.disconnect("a=", authorizer=ANN)
    assert len(ends) == 1


def test_end_is_told_by_the_sweep_when_a_post_found_the_connection_gone(
    localized: Application, ends: list[Any]
) -> None:
    backend = started(localized)
    backend.connect("a=", name="fr", authorizer=ANN)
    backend.connect("b=")
    backend.gateway.script("a=", Gone())
    backend.send("b=", {"action": "broadcast", "data": 1}, now=NOW + 20_000)
    assert ends == []

    asyncio.run(backend.services.endings.sweep(Moment(NOW + 60_000, lambda: 60.0)))

    assert ends == [("a=", "ann", "fr", "ended")]


def test_connection_ends_all_the_same_when_a_handler_of_disconnects_fails(app: Application) -> None:
    heard: list[BaseException] = []
    failing = Application(namespaces=NAMESPACES, error_receiver=heard.append)

    @failing.on_disconnect()
    async def fail() -> None:
        raise OSError("canary")

    backend = started(failing)
    backend.connect("a=")

    assert backend.disconnect("a=") == {"statusCode": 200}
    assert [type(each) for each in heard] == [OSError]
    assert asyncio.run(backend.connections.get_connection("a=", now=NOW)) is None


async def test_end_is_told_when_a_publisher_logs_the_user_out(
    localized: Application, ends: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = Backend(localized)
    await backend.connections.init_table()
    await asyncio.to_thread(backend.connect, "a=", name="fr", authorizer=ANN)
    backend.lend_table(monkeypatch)
    monkeypatch.setattr("signalbox.realtime.services.ApiGateway", lambda *_: backend.gateway)

    publisher = localized.publisher(settings=backend.settings, clock=lambda: NOW)

    assert await publisher.close_user("ann") == 1
    assert ends == [("a=", "ann", "fr", "logged_out")]
    assert json.loads(backend.gateway.posts[-1][1])["code"] == "logged_out"


def test_rows_of_the_gone_are_left_to_the_sweep_when_ends_are_told(
    localized: Application, ends: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bool] = []
    monkeypatch.setattr("signalbox.functions.worker.make_handler", lambda keep_rows: kept.append(keep_rows))

    localized.worker()
    Application(namespaces=NAMESPACES).worker()

    assert kept == [True, False]
