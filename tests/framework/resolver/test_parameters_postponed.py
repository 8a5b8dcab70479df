from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from signalbox.resolver import (
    Caller,
    ConnectEvent,
    Context,
    MessageEvent,
    RegistrationError,
    Router,
    WebSocketResolver,
)

if TYPE_CHECKING:
    from decimal import Decimal


class Store:
    pass


@dataclass
class Application:
    store: Store


class Move(BaseModel):
    x: int


def make() -> Application:
    return Application(Store())


def test_annotations_are_resolved_when_they_are_postponed(ask: Callable[..., Any]) -> None:
    resolver = WebSocketResolver(make)
    router = Router()

    @router.on_message("move")
    async def move(to: Move, caller: Caller, it: MessageEvent | ConnectEvent, store: Store) -> dict[str, Any]:
        return {"x": to.x, "who": caller.user_id, "kind": type(it).__name__, "store": type(store).__name__}

    resolver.include_router(router)
    frame = ask(resolver, {"action": "move", "x": 1}, authorizer={"principalId": "ada"})
    assert frame == {"x": 1, "who": "ada", "kind": "MessageEvent", "store": "Store"}


def test_return_annotation_does_not_matter_when_it_cannot_be_resolved(ask: Callable[..., Any]) -> None:
    resolver = WebSocketResolver()

    @resolver.on_message("a")
    async def handler(context: Context) -> Decimal | None:
        return None

    assert ask(resolver, {"action": "a"}) is None


def test_registration_fails_when_a_postponed_annotation_cannot_be_resolved() -> None:
    async def handler(price: Decimal) -> None: ...

    with pytest.raises(
        RegistrationError, match="asks for `price`: its annotation 'Decimal' cannot be resolved"
    ):
        WebSocketResolver().on_message("a")(handler)
