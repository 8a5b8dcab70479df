from collections.abc import Callable
from typing import Any

import pytest

from signalbox.resolver import Context, MessageEvent, Next, RegistrationError, Router, WebSocketResolver

Build = Callable[..., dict[str, Any]]
Ask = Callable[..., Any]


class Tagged:
    """A middleware of our own shape that leaves its name on the way in and on the way out."""

    def __init__(self, name: str, log: list[str]) -> None:
        self._name, self._log = name, log

    async def __call__(self, context: Context, call_next: Next) -> Any:
        self._log.append(f"{self._name} in")
        result = await call_next(context)
        self._log.append(f"{self._name} out")
        return result


@pytest.fixture
def resolver() -> WebSocketResolver:
    resolver = WebSocketResolver()

    @resolver.on_message("a")
    async def handler() -> Any:
        return {"a": 1}

    return resolver


def test_middlewares_wrap_in_the_order_of_registration(resolver: WebSocketResolver, ask: Ask) -> None:
    log: list[str] = []
    resolver.middleware(Tagged("outer", log))
    resolver.middleware(Tagged("inner", log))
    ask(resolver, {"action": "a"})
    assert log == ["outer in", "inner in", "inner out", "outer out"]


def test_middleware_counts_when_it_is_registered_after_the_first_event(
    resolver: WebSocketResolver, ask: Ask
) -> None:
    log: list[str] = []
    ask(resolver, {"action": "a"})
    resolver.middleware(Tagged("late", log))
    ask(resolver, {"action": "a"})
    assert log == ["late in", "late out"]


def test_included_routers_middlewares_wrap_its_routes_only_and_inside(
    resolver: WebSocketResolver, ask: Ask
) -> None:
    log: list[str] = []
    inner, outer = Router(), Router()

    @inner.on_message("b")
    async def handler() -> None:
        log.append("b")

    inner.middleware(Tagged("inner", log))
    outer.middleware(Tagged("outer", log))
    outer.include_router(inner)
    resolver.include_router(outer)
    resolver.middleware(Tagged("resolver", log))
    ask(resolver, {"action": "a"})
    assert log == ["resolver in", "resolver out"]
    log.clear()
    ask(resolver, {"action": "b"})
    assert log[:4] == ["resolver in", "outer in", "inner in", "b"]


def test_handler_is_not_called_when_a_middleware_answers(ask: Ask) -> None:
    resolver = WebSocketResolver()

    @resolver.middleware
    async def answer(context: Context, call_next: Next) -> Any:
        return {"short": True}

    @resolver.on_message("a")
    async def handler() -> None:
        raise NotImplementedError

    assert ask(resolver, {"action": "a", "id": 3}) == {"short": True, "id": 3}


def test_reply_is_what_the_middleware_made_of_it(resolver: WebSocketResolver, ask: Ask) -> None:
    @resolver.middleware
    async def extend(context: Context, call_next: Next) -> Any:
        return {**await call_next(context), "b": 2}

    assert ask(resolver, {"action": "a"}) == {"a": 1, "b": 2}


def test_handler_is_called_again_when_a_middleware_tries_twice(ask: Ask) -> None:
    resolver, calls = WebSocketResolver(), []

    @resolver.middleware
    async def retry(context: Context, call_next: Next) -> Any:
        try:
            return await call_next(context)
        except OSError:
            return await call_next(context)

    @resolver.on_message("a")
    async def handler() -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise OSError
        return {"calls": len(calls)}

    assert ask(resolver, {"action": "a"}) == {"calls": 2}


@pytest.mark.parametrize(
    ("body", "code"),
    [("no json", "bad_request"), ({"action": "z"}, "unknown_route"), ("x" * 32_769, "too_large")],
)
def test_middleware_sees_the_messages_no_handler_gets(
    resolver: WebSocketResolver, ask: Ask, body: Any, code: str
) -> None:
    seen: list[tuple[str | None, str]] = []

    @resolver.middleware
    async def watch(context: Context, call_next: Next) -> Any:
        try:
            return await call_next(context)
        except Exception as error:
            seen.append((context.route_key, type(error).__name__))
            raise

    assert ask(resolver, body)["code"] == code
    assert [route for route, _ in seen] == [None]


def test_middleware_refuses_a_connection_when_there_is_no_connect_handler(
    resolver: WebSocketResolver, connect: Build
) -> None:
    @resolver.middleware
    async def close(context: Context, call_next: Next) -> Any:
        return {"statusCode": 403}

    assert resolver.resolve(connect()) == {"statusCode": 403}


def test_middleware_may_be_a_class_when_its_constructor_needs_nothing(
    resolver: WebSocketResolver, ask: Ask
) -> None:
    @resolver.middleware
    class Ours:
        async def __call__(self, context: Context, call_next: Next) -> Any:
            return {**await call_next(context), "ours": True}

    @resolver.middleware
    class Classic:
        async def __call__(self, event: Any, context: Any, next_handler: Any) -> Any:
            return {**await next_handler(event, context), "classic": True}

    assert isinstance(Ours, type)
    assert ask(resolver, {"action": "a"}) == {"a": 1, "ours": True, "classic": True}


def test_classic_middleware_hands_on_its_event_when_it_made_another(message: Build, ask: Ask) -> None:
    resolver, seen = WebSocketResolver(), []

    @resolver.middleware
    async def replace(event: Any, context: Any, next_handler: Any) -> Any:
        return await next_handler({**event, "user": "ada"}, context)

    @resolver.middleware
    async def extend(event: Any, context: Any, next_handler: Any) -> Any:
        event["more"] = True
        return await next_handler(event, context)

    @resolver.on_message("a")
    async def handler(event: Any, typed: MessageEvent) -> None:
        seen.append((event, typed))

    original = message({"action": "a"})
    resolver.resolve(original)
    ((event, typed),) = seen
    assert (event["user"], event["more"]) == ("ada", True)
    assert typed.raw is event
    assert "user" not in original


class NeedsArgument:
    def __init__(self, limit: int) -> None:
        self._limit = limit

    async def __call__(self, context: Context, call_next: Next) -> Any:
        raise NotImplementedError


def _sync(context: Any, call_next: Any) -> Any: ...


async def _one(context: Any) -> Any: ...


async def _four(a: Any, b: Any, c: Any, d: Any) -> Any: ...


@pytest.mark.parametrize("middleware", [NeedsArgument, _sync, _one, _four, Router])
def test_registration_fails_when_a_middleware_has_no_known_shape(
    resolver: WebSocketResolver, middleware: Any
) -> None:
    with pytest.raises(RegistrationError, match=middleware.__name__):
        resolver.middleware(middleware)


def test_middleware_may_have_parameters_of_its_own_when_they_have_defaults(
    resolver: WebSocketResolver, ask: Ask
) -> None:
    @resolver.middleware
    async def extend(context: Context, call_next: Next, *, extra: int = 5) -> Any:
        return {**await call_next(context), "extra": extra}

    assert ask(resolver, {"action": "a"})["extra"] == 5
