"""An application's messages, roles, services, publishing, several frames, limits and failures."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics
from pydantic import Field

from connection_store import ConnectionManager
from signalbox import (
    EVERYONE,
    NOBODY,
    USERS,
    Application,
    Caller,
    Context,
    Publisher,
    Rate,
    RegistrationError,
    Roles,
    Router,
    Settings,
    SettingsError,
)
from tests.framework.application import NAMESPACES
from tests.framework.identity.handshakes import lines, listening
from tests.framework.realtime.backend import NOW, Backend

ANN = {"principalId": "ann"}


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
