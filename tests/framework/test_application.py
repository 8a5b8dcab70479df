"""What an application is written with: messages, roles, services, attributes, hooks, several frames."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics
from pydantic import BaseModel, Field

from connection_store import ConnectionManager
from signalbox import (
    EVERYONE,
    NOBODY,
    USERS,
    Accept,
    Application,
    Attributes,
    Caller,
    ConnectEvent,
    Context,
    DisconnectEvent,
    Publisher,
    Rate,
    RegistrationError,
    Roles,
    Router,
    Settings,
    SettingsError,
    UnauthorizedError,
    set_attributes,
)
from signalbox.moment import Moment
from signalbox.publisher import Gone
from tests.framework.application import NAMESPACES
from tests.framework.identity.handshakes import lines, listening
from tests.framework.realtime.backend import NOW, Backend

ANN = {"principalId": "ann"}
SILENT = NOW + 1_200_000


class Locale(Attributes):
    language: str = "en"


@pytest.fixture
def app() -> Application:
    return Application(namespaces=NAMESPACES)


def started(app: Application) -> Backend:
    backend = Backend(app)
    asyncio.run(backend.connections.init_table())
    return backend


async def answering(body: Any) -> dict[str, str]:
    return {"type": "answer"}


def test_message_is_answered_when_the_caller_has_one_of_its_roles(app: Application) -> None:
    app.on_message("a", allow=USERS)(answering)
    backend = started(app)
    backend.connect("guest=")
    backend.connect("ann=", authorizer=ANN)

    assert backend.send("ann=", {"action": "a"}, authorizer=ANN) == {"type": "answer"}
    assert backend.send("guest=", {"action": "a"})["code"] == "forbidden"


@pytest.mark.parametrize("allow", [None, "users", ["user"]])
def test_application_does_not_start_when_a_message_has_no_roles(app: Application, allow: Any) -> None:
    router = Router()
    router.on_message("a", allow=allow)(answering)
    app.include_router(router)

    with pytest.raises(RegistrationError) as refused:
        Backend(app)
    assert str(refused.value) == (
        "tests/framework/test_application.py: answering answers 'a' and does not say who may send it. "
        "Add allow=, for example allow=EVERYONE"
    )


def test_built_in_message_is_narrowed_left_out_or_replaced_when_the_application_says_so() -> None:
    app = Application(
        namespaces=NAMESPACES, messages={"whoami": USERS, "broadcast": None, "presence.get": NOBODY}
    )
    app.on_message("hello", allow=EVERYONE)(answering)
    backend = started(app)
    backend.connect("a=")

    codes = [backend.send("a=", {"action": action}) for action in ("whoami", "broadcast", "presence.get")]
    assert [each["code"] for each in codes] == ["forbidden", "unknown_route", "unknown_route"]
    assert backend.send("a=", {"action": "hello"})["type"] == "answer"


def test_application_does_not_start_when_it_names_a_built_in_message_that_does_not_exist() -> None:
    with pytest.raises(RegistrationError, match=r"there is no built-in 'pong', only ping, hello"):
        Backend(Application(namespaces=NAMESPACES, messages={"pong": USERS}))


def test_middleware_is_inside_the_frameworks_when_it_is_the_applications(app: Application) -> None:
    seen: list[tuple[str | None, str]] = []

    @app.middleware
    async def remember(context: Context, call_next: Any) -> Any:
        seen.append((context.route_key, context.caller.user_id))
        return await call_next(context)

    backend = started(app)
    backend.connect("a=", authorizer=ANN)
    backend.send("a=", {"action": "ping"}, authorizer=ANN)

    assert seen == [("$connect", "ann"), ("ping", "ann")]


def test_error_is_answered_when_the_application_has_a_handler_for_its_class(app: Application) -> None:
    @app.exception_handler(KeyError)
    async def missing(error: KeyError) -> dict[str, str]:
        return {"type": "missing"}

    @app.on_message("a", allow=EVERYONE)
    async def fail() -> None:
        raise KeyError("a")

    backend = started(app)
    backend.connect("a=")

    assert backend.send("a=", {"action": "a"}) == {"type": "missing"}


# Services and settings


class Store:
    def __init__(self, name: str) -> None:
        self.name = name
        self.closed = False


class ShopSettings(Settings):
    shop_name: str = Field(min_length=3)


class Shop:
    store: Store
    made = 0

    def __init__(self, settings: ShopSettings) -> None:
        type(self).made += 1
        self.store = Store(settings.shop_name)


def test_service_is_made_once_with_the_settings_when_handlers_ask_for_its_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOP_NAME", "corner")
    app = Application(namespaces=NAMESPACES, settings=ShopSettings, services=Shop)

    @app.on_message("a", allow=EVERYONE)
    async def answer(store: Store, settings: ShopSettings) -> dict[str, Any]:
        return {"names": [store.name, settings.shop_name]}

    backend = started(app)
    backend.connect("a=")
    before = Shop.made

    assert [backend.send("a=", {"action": "a"}) for _ in range(2)] == [{"names": ["corner", "corner"]}] * 2
    assert Shop.made - before == 1


def test_application_does_not_start_when_a_setting_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_NAME", raising=False)

    with pytest.raises(SettingsError, match="environment variable SHOP_NAME: Field required"):
        Backend(Application(namespaces=NAMESPACES, settings=ShopSettings))


def test_framework_is_injected_by_type_when_a_handler_asks(app: Application) -> None:
    @app.on_message("a", allow=EVERYONE)
    async def answer(
        connection_id: str, connections: ConnectionManager, logger: Logger, metrics: Metrics
    ) -> dict[str, Any]:
        logger.info("asked")
        metrics.add_metric("Asked", "Count", 1)
        found = await connections.get_connection(connection_id, now=NOW)
        return {"name": found and found.name}

    backend = started(app)
    backend.connect("a=", name="Ann")
    with listening() as log:
        assert backend.send("a=", {"action": "a"}) == {"name": "Ann"}

    (line,) = [each for each in lines(log) if each["message"] == "asked"]
    assert line["correlation_id"] == "request-2"


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


# Publishing and frames


def test_publisher_sends_as_the_server_unless_a_sender_is_named(app: Application) -> None:
    @app.on_message("say", allow=EVERYONE)
    async def say(publisher: Publisher, caller: Caller) -> None:
        await publisher.publish("news:1", 1, key="k")
        await publisher.publish("news:1", 1, key="k")
        await publisher.publish("news:1", 2, sender=caller)
        await publisher.send("ann", 3)
        await publisher.broadcast(4)

    backend = started(app)
    backend.connect("a=", authorizer=ANN)
    backend.subscribe("a=", "news:1", authorizer=ANN)

    backend.send("a=", {"action": "say"}, authorizer=ANN)

    frames = [(each["data"], each["sender"]["user_id"]) for each in backend.frames_to("a=")]
    assert frames == [(1, "server"), (1, "server"), (2, "ann"), (3, "server"), (4, "server")]
    offsets = [each["position"]["offset"] for each in backend.frames_to("a=") if "position" in each]
    assert offsets == [1, 1, 2]


def test_publisher_is_of_the_callers_tenant(app: Application) -> None:
    @app.on_message("say", allow=EVERYONE)
    async def say(publisher: Publisher) -> dict[str, int]:
        return {"recipients": (await publisher.broadcast(1)).recipients}

    backend = started(app)
    acme = {**ANN, "tenant": "acme"}
    backend.connect("a=", authorizer=acme)
    backend.connect("b=", authorizer=ANN)

    assert backend.send("a=", {"action": "say"}, authorizer=acme) == {"recipients": 1}


def test_every_value_is_a_frame_in_order_when_a_handler_yields(app: Application) -> None:
    @app.on_message("count", allow=EVERYONE)
    async def count(body: Any) -> AsyncIterator[dict[str, int]]:
        for number in range(body["to"]):
            yield {"number": number}

    backend = started(app)
    backend.connect("a=")

    assert backend.send("a=", {"action": "count", "to": 3, "id": 7}) == {"number": 2, "id": 7}
    assert backend.frames_to("a=") == [{"number": 0, "id": 7}, {"number": 1, "id": 7}]
    assert backend.send("a=", {"action": "count", "to": 0}) is None


def test_function_runs_after_the_answer_is_made_when_it_was_put_off(app: Application) -> None:
    order: list[str] = []

    @app.on_message("a", allow=EVERYONE)
    async def answer(context: Context) -> dict[str, int]:
        async def later(name: str) -> None:
            order.append(name)

        context.after(later, "async")
        context.after(order.append, "sync")
        context.after(int, "no number")
        order.append("handler")
        return {"a": 1}

    backend = started(app)
    backend.connect("a=")

    assert backend.send("a=", {"action": "a"}) == {"a": 1}
    assert order == ["handler", "async", "sync"]


def test_task_is_named_in_a_warning_when_a_handler_leaves_it_behind(
    app: Application, caplog: pytest.LogCaptureFixture
) -> None:
    async def forgotten() -> None:
        await asyncio.Event().wait()

    @app.on_message("a", allow=EVERYONE)
    async def leave() -> None:
        app.task = asyncio.create_task(forgotten())  # type: ignore[attr-defined]
        await asyncio.sleep(0)

    backend = started(app)
    backend.connect("a=")
    backend.send("a=", {"action": "a"})

    assert "a task was left behind and is cancelled" in caplog.text
    assert "forgotten" in caplog.text


# Limits and failures


def test_user_waits_when_they_send_a_message_more_often_than_its_rate(app: Application) -> None:
    app.on_message("a", allow=EVERYONE, rate=Rate(1, 2))(answering)
    app.on_message("b", allow=EVERYONE)(answering)
    backend = started(app)
    for connection in ("a=", "b="):
        backend.connect(connection, authorizer=ANN)

    answers = [backend.send(each, {"action": "a"}, authorizer=ANN) for each in ("a=", "b=", "a=")]

    assert [each["type"] for each in answers] == ["answer", "answer", "error"]
    assert (answers[2]["code"], answers[2]["retry_after"]) == ("rate_limited", 1.0)
    assert backend.send("a=", {"action": "b"}, authorizer=ANN)["type"] == "answer"
    assert backend.send("a=", {"action": "a"}, NOW + 1_000, authorizer=ANN)["type"] == "answer"


def test_message_is_not_counted_in_the_store_when_it_only_reads(app: Application) -> None:
    app.on_message("reads", allow=EVERYONE, reads=True)(answering)
    app.on_message("writes", allow=EVERYONE)(answering)
    backend = started(app)
    backend.connect("a=")
    spent: dict[str, int] = {}
    for action in ("reads", "writes"):
        backend.meter.requests.clear()
        backend.send("a=", {"action": action})
        spent[action] = backend.meter.requests.total()

    assert spent == {"reads": 1, "writes": 2}


def _receivers() -> Iterator[Any]:
    heard: list[Any] = []

    async def waits(error: BaseException) -> None:
        heard.append(str(error))

    def takes_both(event: dict[str, Any], error: BaseException) -> None:
        heard.append((event["requestContext"]["connectionId"], str(error)))

    def fails(error: BaseException) -> None:
        heard.append("called")
        raise OSError

    yield from ((heard, waits, "canary"), (heard, takes_both, ("a=", "canary")), (heard, fails, "called"))


@pytest.mark.parametrize(("heard", "receiver", "expected"), [*_receivers()], ids=["async", "both", "fails"])
def test_receiver_hears_of_a_failure_that_nobody_expected(
    heard: list[Any], receiver: Any, expected: Any
) -> None:
    app = Application(namespaces=NAMESPACES, error_receiver=receiver)

    @app.on_message("a", allow=EVERYONE)
    async def fail() -> None:
        raise OSError("canary")

    backend = started(app)
    backend.connect("a=")
    heard.clear()

    answer = backend.send("a=", {"action": "a"})

    assert (answer["code"], heard) == ("internal", [expected])
    assert "canary" not in json.dumps(answer)


# The classic surface


def test_members_are_the_body_when_a_classic_answer_has_none(app: Application) -> None:
    @app.on_message("a", allow=EVERYONE)
    async def classic(event: Any, context: Any, connection_id: str, body: Any) -> dict[str, Any]:
        return {"statusCode": 400, "message": "Invalid connection"}

    backend = started(app)
    backend.connect("a=")

    event_answer = backend._resolve("MESSAGE", "a=", NOW, {"body": '{"action": "a"}'}, None)
    assert event_answer == {"statusCode": 400, "body": '{"message":"Invalid connection"}'}


def test_entry_point_answers_400_when_the_event_is_none_of_a_websocket_api(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "TABLE_NAME": "table",
        "MANAGEMENT_ENDPOINT": "http://h/s",
        "AWS_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    handler = app.websocket()

    answer = handler({"version": "2.0", "rawPath": "/"}, None)

    assert answer["statusCode"] == 400
    assert "API Gateway WebSocket API" in json.loads(answer["body"])["message"]


def test_roles_of_tokens_open_nothing_when_they_are_the_frameworks(app: Application) -> None:
    app.on_message("a", allow=Roles({"staff"}))(answering)
    backend = started(app)
    staff = {**ANN, "roles": '["staff"]'}
    backend.connect("a=", authorizer=staff)

    assert backend.send("a=", {"action": "a"}, authorizer=staff)["type"] == "answer"


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
