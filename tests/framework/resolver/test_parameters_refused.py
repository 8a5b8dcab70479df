# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls
# Handlers are registered here as people write them: with and without annotations.

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from signalbox.resolver import (
    ConnectEvent,
    Context,
    DisconnectEvent,
    MessageEvent,
    RegistrationError,
    Router,
    WebSocketResolver,
)


class Store:
    pass


class Move(BaseModel):
    x: int


@dataclass
class Application:
    store: Store


class Empty:
    pass


class SpecialContext(Context):
    pass


async def _unknown_name(nobody): ...
async def _unknown_type(x: Store): ...
async def _unknown_builtin(x: int): ...
async def _rest(*args): ...
async def _keywords(**kwargs): ...
async def _by_position(event, /): ...
async def _unresolvable(x: "Missing"): ...  # type: ignore[name-defined]  # noqa: F821 - the point of the test
async def _unresolvable_default(x: "Missing" = None): ...  # type: ignore[name-defined]  # noqa: F821 - as above
async def _no_annotation_at_all(x: "1 +"): ...  # type: ignore[valid-type]  # noqa: F722 - as above
async def _disconnects(it: DisconnectEvent | ConnectEvent): ...
async def _error(error: ValueError): ...
async def _unvalidated(body: Store): ...
async def _special_context(it: SpecialContext): ...


@pytest.mark.parametrize(
    ("handler", "parameter"),
    [
        (_unknown_name, "nobody"),
        (_unknown_type, "x"),
        (_unknown_builtin, "x"),
        (_rest, "args"),
        (_keywords, "kwargs"),
        (_by_position, "event"),
        (_unresolvable, "x"),
        (_unresolvable_default, "x"),
        (_no_annotation_at_all, "x"),
        (_disconnects, "it"),
        (_error, "error"),
        (_unvalidated, "body"),
        (_special_context, "it"),
    ],
)
def test_registration_fails_when_a_parameter_of_a_message_cannot_be_satisfied(
    handler: Any, parameter: str
) -> None:
    with pytest.raises(RegistrationError) as refused:
        WebSocketResolver(Empty()).on_message("a")(handler)
    text = str(refused.value)
    assert text.startswith(
        f"tests/framework/resolver/test_parameters_refused.py: {handler.__name__} asks for"
    )
    assert f" `{parameter}`: " in text
    assert "Available: event, context, connection_id, caller, body, a pydantic model" in text
    assert "MessageEvent, Context, Caller" in text


def test_registration_names_the_services_when_another_is_asked_for() -> None:
    async def handler(x: Router) -> None: ...

    with pytest.raises(RegistrationError, match=r"Available: .*, Store \(store\)"):
        WebSocketResolver(Application(Store())).on_connect()(handler)


async def _message_event(event: MessageEvent): ...
async def _body(body): ...
async def _annotated_body(body: Move): ...
async def _model(move: Move): ...


@pytest.mark.parametrize("handler", [_message_event, _body, _annotated_body])
def test_registration_fails_when_a_lifecycle_handler_wants_a_message(handler: Any) -> None:
    for resolver in (WebSocketResolver(), WebSocketResolver(Empty())):
        for register in (resolver.on_connect, resolver.on_disconnect):
            with pytest.raises(RegistrationError, match=handler.__name__):
                register()(handler)


@pytest.mark.parametrize(
    "handler", [_unknown_name, _unknown_builtin, _rest, _unresolvable, _disconnects, _unvalidated]
)
def test_router_refuses_at_once_what_no_service_can_mend(handler: Any) -> None:
    with pytest.raises(RegistrationError):
        Router().on_message("a")(handler)


@pytest.mark.parametrize("handler", [_message_event, _body, _annotated_body])
def test_router_refuses_at_once_when_a_lifecycle_handler_wants_a_message(handler: Any) -> None:
    with pytest.raises(RegistrationError):
        Router().on_connect()(handler)


def test_registration_fails_when_a_handler_of_disconnects_wants_a_model() -> None:
    for services in (None, Empty()):
        with pytest.raises(RegistrationError, match="only a message has a body"):
            WebSocketResolver(services).on_disconnect()(_model)


@pytest.mark.parametrize("handler", [_model, _unknown_type])
def test_router_leaves_services_to_the_resolver_that_includes_it(handler: Any) -> None:
    router = Router()
    router.on_disconnect()(handler)
    with pytest.raises(RegistrationError, match=handler.__name__):
        WebSocketResolver().include_router(router)
