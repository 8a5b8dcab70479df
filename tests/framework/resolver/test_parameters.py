# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls
# Handlers are registered here as people write them: with and without annotations.

import asyncio
import functools
import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict

from signalbox.resolver import Caller, ConnectEvent, Context, Event, MessageEvent, Router, WebSocketResolver

Build = Callable[..., dict[str, Any]]


class Move(BaseModel):
    action: Literal["move"]
    x: int


class Direction(Enum):
    LEFT = "left"


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    at: datetime
    direction: Direction
    point: tuple[int, int]


class Store:
    pass


class Settings(BaseModel):
    limit: int = 5


@dataclass
class Application:
    store: Store
    settings: Settings


@pytest.fixture
def application() -> Application:
    return Application(Store(), Settings())


def test_handler_gets_what_it_names_and_types(message: Build) -> None:
    resolver, seen = WebSocketResolver(), {}

    @resolver.on_message("move")
    async def move(
        event, context, connection_id, body, caller, who: Caller, it: Context, what: MessageEvent, *, to: Move
    ):
        seen.update(locals())

    raw = message({"action": "move", "x": 1}, authorizer={"principalId": "ada"})
    resolver.resolve(raw)
    assert seen["event"] is raw
    assert seen["context"] is seen["it"]
    assert isinstance(seen["it"], Context)
    assert seen["connection_id"] == "conn-1="
    assert seen["body"] == {"action": "move", "x": 1}
    assert seen["caller"] == seen["who"] == Caller("ada")
    assert seen["what"] is seen["it"].event
    assert seen["to"] == Move(action="move", x=1)


def test_name_means_what_its_type_says_when_both_mean_something(message: Build) -> None:
    resolver, seen = WebSocketResolver(), {}

    @resolver.on_default()
    async def handler(event: MessageEvent, body: Event, context: Move, caller: Context) -> None:
        seen.update(locals())

    resolver.resolve(message({"action": "move", "x": 1}))
    assert isinstance(seen["event"], MessageEvent)
    assert isinstance(seen["body"], MessageEvent)
    assert isinstance(seen["context"], Move)
    assert isinstance(seen["caller"], Context)


@pytest.mark.parametrize("annotation", [Event, MessageEvent, MessageEvent | ConnectEvent])
def test_event_is_given_when_its_annotation_covers_what_comes(message: Build, annotation: Any) -> None:
    resolver, seen = WebSocketResolver(), []

    async def handler(it) -> None:
        seen.append(it)

    handler.__annotations__["it"] = annotation
    resolver.on_message("a")(handler)
    resolver.resolve(message({"action": "a"}))
    assert isinstance(seen[0], MessageEvent)


def test_services_are_given_by_type(message: Build, application: Application) -> None:
    resolver, seen = WebSocketResolver(application), []

    @resolver.on_message("a")
    async def handler(store: Store, limits: Settings, everything: Application) -> None:
        seen.append((store, limits, everything))

    resolver.resolve(message({"action": "a"}))
    assert seen == [(application.store, application.settings, application)]


def test_services_are_made_when_the_first_handler_wants_one(
    message: Build, connect: Build, application: Application
) -> None:
    made = []

    def make() -> Application:
        made.append(application)
        return application

    resolver = WebSocketResolver(make)

    @resolver.on_message("a")
    async def handler(store: Store) -> None: ...

    resolver.resolve(connect())
    assert made == []
    resolver.resolve(message({"action": "a"}))
    resolver.resolve(message({"action": "a"}))
    assert made == [application]


def test_service_that_is_a_model_is_no_body_when_the_event_has_none(
    connect: Build, application: Application
) -> None:
    resolver, seen = WebSocketResolver(application), []
    router = Router()

    @router.on_connect()
    async def handler(settings: Settings) -> None:
        seen.append(settings)

    resolver.include_router(router)
    resolver.resolve(connect())
    assert seen == [application.settings]


def test_default_is_kept_when_nothing_satisfies_the_parameter(connect: Build) -> None:
    resolver, seen = WebSocketResolver(), {}

    @resolver.on_connect()
    async def handler(limit=5, body=6, store: Store | None = None, it: MessageEvent | None = None) -> None:
        seen.update(locals())

    resolver.resolve(connect())
    assert [seen[name] for name in ("limit", "body", "store", "it")] == [5, 6, None, None]


def test_body_is_validated_when_it_is_annotated(ask: Callable[..., Any]) -> None:
    resolver = WebSocketResolver()

    @resolver.on_message("a")
    async def handler(body: dict[str, int | str]) -> Any:
        return {"got": body}

    assert ask(resolver, {"action": "a", "n": 1})["got"] == {"action": "a", "n": 1}
    assert ask(resolver, {"action": "a", "n": []})["code"] == "invalid_message"


def test_strict_model_takes_the_json_forms_of_its_types(ask: Callable[..., Any]) -> None:
    resolver = WebSocketResolver()

    @resolver.on_message("a")
    async def handler(body: Strict) -> Any:
        return {"year": body.at.year, "direction": body.direction.name, "point": body.point}

    frame = ask(resolver, {"action": "a", "at": "2025-11-21T10:00:00Z", "direction": "left", "point": [1, 2]})
    assert frame == {"year": 2025, "direction": "LEFT", "point": [1, 2]}


def test_invalid_body_is_answered_with_its_fields(ask: Callable[..., Any]) -> None:
    resolver = WebSocketResolver()

    @resolver.on_message("move")
    async def move(to: Move) -> None:
        raise NotImplementedError

    frame = ask(resolver, {"action": "move", "x": "canary", "id": 7})
    assert frame == {
        "type": "error",
        "code": "invalid_message",
        "retry": False,
        "request_id": "req-1=",
        "id": 7,
        "fields": [{"field": "x", "problem": "int_parsing"}],
    }
    assert ask(resolver, {"action": "move"})["fields"] == [{"field": "x", "problem": "missing"}]


def test_duplicate_keys_are_routed_and_validated_alike(ask: Callable[..., Any]) -> None:
    resolver = WebSocketResolver()

    @resolver.on_message("move")
    async def move(to: Move, body) -> Any:
        return {"model": to.x, "json": body["x"]}

    assert ask(resolver, '{"action":"x","action":"move","x":1,"x":2}') == {"model": 2, "json": 2}


class Service:
    async def on_call(self, connection_id: str, store: Store) -> Any:
        return {"from": connection_id}


class Callee:
    async def __call__(self, connection_id: str) -> Any:
        return {"from": connection_id}


class SyncCallee:
    def __call__(self, connection_id: str) -> Any:
        return {"from": connection_id}


def _with_prefix(prefix: str, connection_id: str) -> Any:
    return {"from": connection_id}


def _logged(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


@pytest.mark.parametrize(
    "handler",
    [
        Service().on_call,
        Callee(),
        SyncCallee(),
        functools.partial(_with_prefix, "p"),
        functools.partial(_with_prefix, prefix="p"),
        _logged(Callee().__call__),
        _logged(_logged(SyncCallee().__call__)),
        lambda connection_id: {"from": connection_id},
    ],
)
def test_handler_may_be_anything_callable(
    ask: Callable[..., Any], application: Application, handler: Any
) -> None:
    resolver = WebSocketResolver(application)
    resolver.on_message("a")(handler)
    assert ask(resolver, {"action": "a"}) == {"from": "conn-1="}


def test_sync_handler_runs_in_a_thread_and_sees_context_variables(ask: Callable[..., Any]) -> None:
    resolver = WebSocketResolver()
    user: ContextVar[str] = ContextVar("user")

    @resolver.middleware
    async def remember(context: Context, call_next: Any) -> Any:
        user.set("ada")
        return await call_next(context)

    @resolver.on_message("a")
    def handler() -> Any:
        return {"user": user.get(), "thread": threading.current_thread() is threading.main_thread()}

    assert ask(resolver, {"action": "a"}) == {"user": "ada", "thread": False}


async def test_sync_handler_is_answered_when_it_raises_stop_iteration(message: Build) -> None:
    resolver = WebSocketResolver()

    @resolver.on_message("a")
    def handler(body: dict[str, Any]) -> Any:
        return next(iter(()))

    async with asyncio.timeout(5):
        answer = await resolver.dispatch(message({"action": "a"}))
    assert '"internal"' in answer["body"]
