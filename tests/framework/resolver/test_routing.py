from collections.abc import Callable
from typing import Any

import pytest

from signalbox.resolver import Accept, MessageEvent, RegistrationError, Router, WebSocketResolver

Build = Callable[..., dict[str, Any]]
Ask = Callable[..., Any]


def _resolver(*keys: str, default: bool = False) -> WebSocketResolver:
    resolver = WebSocketResolver()
    for key in keys:
        resolver.on_message(key)(_answering(key))
    if default:
        resolver.on_default()(_answering("default"))
    resolver.on_connect()(_answering("connect"))
    resolver.on_disconnect()(_answering("disconnect"))
    return resolver


def _answering(name: str) -> Callable[..., Any]:
    async def handler() -> Any:
        return {"by": name}

    return handler


def test_message_goes_by_its_action_when_api_gateway_matched_nothing(ask: Ask) -> None:
    assert ask(_resolver("a", "b"), {"action": "b"}) == {"by": "b"}


def test_w40_message_goes_where_api_gateway_matched_it(ask: Ask) -> None:
    assert ask(_resolver("a", "b"), {"action": "b"}, routeKey="a") == {"by": "a"}
    assert ask(_resolver("a"), "no json at all", routeKey="a") == {"by": "a"}


def test_message_goes_by_its_action_when_the_matched_route_is_unknown(ask: Ask) -> None:
    assert ask(_resolver("a", default=True), {"action": "a"}, routeKey="z") == {"by": "a"}


@pytest.mark.parametrize(
    "body", ["", "no json", "[]", '"a"', "null", {}, {"action": "z"}, {"action": 1}, {"action": ["a"]}]
)
def test_message_goes_to_default_when_nothing_matches(ask: Ask, body: Any) -> None:
    assert ask(_resolver("a", default=True), body) == {"by": "default"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "bad_request"),
        ("no json", "bad_request"),
        ("[]", "bad_request"),
        ('"a"', "bad_request"),
        ("null", "bad_request"),
        ({}, "unknown_route"),
        ({"action": "z"}, "unknown_route"),
        ({"action": None}, "unknown_route"),
        ({"action": ["a"]}, "unknown_route"),
        ({"action": {"a": 1}}, "unknown_route"),
        ({"action": "a", "id": 1.5}, "bad_request"),
    ],
)
def test_message_is_refused_when_nothing_matches_and_there_is_no_default(
    ask: Ask, body: Any, code: str
) -> None:
    assert ask(_resolver("a"), body)["code"] == code


@pytest.mark.parametrize("key", ["$connect", "$disconnect", "$default"])
def test_message_cannot_name_a_reserved_route(ask: Ask, key: str) -> None:
    assert ask(_resolver("a"), {"action": key})["code"] == "unknown_route"
    assert ask(_resolver("a"), {}, routeKey=key)["code"] == "unknown_route"


def test_default_handler_decides_what_it_reads_when_the_text_is_no_json(ask: Ask) -> None:
    wants_text, wants_json = WebSocketResolver(), WebSocketResolver()

    @wants_text.on_default()
    async def shout(event: MessageEvent) -> Any:
        return event.body.upper()

    @wants_json.on_default()
    async def read(body: Any) -> Any:
        raise NotImplementedError

    assert ask(wants_text, "hello") == "HELLO"
    assert ask(wants_json, "hello")["code"] == "bad_request"


def test_f19_message_that_is_too_large_reaches_no_handler(ask: Ask) -> None:
    resolver = _resolver("a", default=True)
    assert ask(resolver, "x" * 32_769)["code"] == "too_large"
    assert ask(resolver, "x" * 32_769, routeKey="a")["code"] == "too_large"
    assert ask(resolver, "x" * 32_768) == {"by": "default"}


def test_events_without_a_handler_are_accepted(connect: Build, disconnect: Build) -> None:
    resolver = WebSocketResolver()
    assert resolver.resolve(connect()) == {"statusCode": 200}
    assert resolver.resolve(disconnect()) == {"statusCode": 200}


@pytest.mark.parametrize("key", ["", "$connect", "$default", "$mine", None, lambda: None])
def test_w74_registration_fails_when_a_key_is_reserved_or_no_key(key: Any) -> None:
    with pytest.raises(RegistrationError, match="key"):
        Router().on_message(key)


def test_handlers_of_connects_run_in_order_until_one_refuses(connect: Build) -> None:
    resolver, ran = WebSocketResolver(), list[str]()

    def register(name: str, reply: Any) -> None:
        @resolver.on_connect()
        async def handler() -> Any:
            ran.append(name)
            return reply

    register("first", Accept("chat"))
    register("second", None)
    assert resolver.resolve(connect())["headers"] == {"Sec-WebSocket-Protocol": "chat"}
    register("third", {"statusCode": 403})
    register("fourth", None)
    ran.clear()

    assert resolver.resolve(connect()) == {"statusCode": 403}
    assert ran == ["first", "second", "third"]


def test_route_keeps_what_it_was_registered_with_when_it_is_included() -> None:
    router, resolver = Router(), WebSocketResolver()
    router.on_message("a", allow="anybody", rate=1, reads=True)(_answering("a"))

    resolver.include_router(router)

    (route,) = resolver.routes["a"]
    assert (route.allow, route.rate, route.reads) == ("anybody", 1, True)


def test_handler_stays_when_a_router_is_included_to_fill_the_gaps() -> None:
    router, resolver = Router(), _resolver("a")
    for key in ("a", "b"):
        router.on_message(key)(_answering("new"))

    resolver.include_router(router, keep_existing=True)

    assert sorted(resolver.message_keys) == ["a", "b"]


def test_registration_fails_when_a_route_is_taken() -> None:
    resolver = _resolver("a", default=True)
    with pytest.raises(RegistrationError, match="already goes to"):
        resolver.on_default()(_answering("again"))
    with pytest.raises(RegistrationError, match=r"'a' already goes to .*_answering"):
        resolver.on_message("a")(_answering("again"))


def test_registration_fails_when_an_included_route_is_taken() -> None:
    router = Router()
    router.on_message("a")(_answering("router"))
    with pytest.raises(RegistrationError, match="'a' already goes to"):
        _resolver("a").include_router(router)
    with pytest.raises(RegistrationError, match="'a' already goes to"):
        router.include_router(router)


def test_router_is_taken_as_it_is_when_it_is_included(ask: Ask) -> None:
    resolver, router = WebSocketResolver(), Router()
    router.on_message("before")(_answering("before"))
    resolver.include_router(router)
    router.on_message("after")(_answering("after"))
    assert ask(resolver, {"action": "before"}) == {"by": "before"}
    assert ask(resolver, {"action": "after"})["code"] == "unknown_route"


def test_route_counts_when_it_is_registered_after_the_first_event(ask: Ask) -> None:
    resolver = _resolver("a")
    assert ask(resolver, {"action": "b"})["code"] == "unknown_route"
    resolver.on_message("b")(_answering("b"))
    assert ask(resolver, {"action": "b"}) == {"by": "b"}


def test_keys_of_messages_are_told_when_the_routes_are_many() -> None:
    router = Router()
    router.on_message("late")(_answering("late"))
    resolver = _resolver("early", default=True)
    resolver.include_router(router)

    assert resolver.message_keys == ("early", "late")


def test_decorators_return_the_function_they_register() -> None:
    resolver, handler = WebSocketResolver(), _answering("a")
    assert resolver.on_connect()(handler) is handler
    assert resolver.on_message("a")(handler) is handler
    assert resolver.exception_handler(ValueError)(handler) is handler


@pytest.mark.parametrize("kind", [ValueError("a"), int, None, lambda: None])
def test_registration_fails_when_an_exception_handler_is_for_no_class_of_errors(kind: Any) -> None:
    with pytest.raises(RegistrationError, match="class of errors"):
        Router().exception_handler(kind)


def test_registration_fails_when_an_error_already_has_a_handler() -> None:
    resolver, router = WebSocketResolver(), Router()
    for target in (resolver, router):
        target.exception_handler(ValueError)(_answering("once"))
    with pytest.raises(RegistrationError, match="ValueError is already answered"):
        resolver.exception_handler(ValueError)(_answering("twice"))
    with pytest.raises(RegistrationError, match="ValueError is already answered"):
        resolver.include_router(router)
