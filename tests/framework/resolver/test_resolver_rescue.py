from collections.abc import Callable
from typing import Any

import pytest

from signalbox.resolver import (
    Accept,
    ConnectEvent,
    Context,
    Event,
    MessageEvent,
    NotFoundError,
    RealtimeError,
    RegistrationError,
    Router,
    UnavailableError,
    WebSocketResolver,
)

Build = Callable[..., dict[str, Any]]
Ask = Callable[..., Any]
FailWith = Callable[..., tuple[WebSocketResolver, list[tuple[str | None, BaseException]]]]

CANARY = "canary"
INTERNAL = {"type": "error", "code": "internal", "retry": False, "request_id": "req-1="}


class Application:
    name = "app"


def test_most_specific_exception_handler_answers(fail_with: FailWith, ask: Ask) -> None:
    resolver, reported = fail_with(FileNotFoundError(CANARY))

    @resolver.exception_handler(Exception)
    async def general(error: Exception) -> None:
        raise NotImplementedError

    @resolver.exception_handler(OSError)
    def specific(context: Context, error: OSError) -> Any:
        return {"oops": type(error).__name__, "same": context.error is error}

    assert ask(resolver, {"action": "fail", "id": 2}) == {
        "oops": "FileNotFoundError",
        "same": True,
        "id": 2,
    }
    assert reported == []


def test_exception_handler_may_name_an_error_of_its_own(
    fail_with: FailWith, ask: Ask, connect: Build
) -> None:
    resolver, _ = fail_with(OSError(CANARY))

    @resolver.exception_handler(OSError)
    async def unavailable(it: OSError) -> None:
        raise UnavailableError from it

    assert ask(resolver, {"action": "fail"}) == INTERNAL | {"code": "unavailable", "retry": True}
    assert resolver.resolve(connect()) == {"statusCode": 503}


def test_exception_handler_for_exceptions_leaves_refusals_and_exits_alone(
    fail_with: FailWith, ask: Ask
) -> None:
    for error, code in ((NotFoundError(), "not_found"), (SystemExit(), "internal")):
        resolver, _ = fail_with(error)

        @resolver.exception_handler(Exception)
        async def general(error: Exception) -> None:
            raise NotImplementedError

        assert ask(resolver, {"action": "fail"})["code"] == code


def test_exception_handler_for_refusals_answers_them(fail_with: FailWith, ask: Ask) -> None:
    resolver, _ = fail_with(NotFoundError())

    @resolver.exception_handler(RealtimeError)
    async def refused(error: RealtimeError) -> Any:
        return {"refused": error.code}

    assert ask(resolver, {"action": "fail"}) == {"refused": "not_found"}


def test_error_is_internal_when_the_exception_handler_fails(fail_with: FailWith, ask: Ask) -> None:
    resolver, reported = fail_with(OSError(CANARY))

    @resolver.exception_handler(OSError)
    async def fail() -> None:
        raise KeyError(CANARY)

    assert ask(resolver, {"action": "fail"}) == INTERNAL
    assert [type(error) for _, error in reported] == [KeyError]


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (None, {"statusCode": 500}),
        ({"a": 1}, {"statusCode": 500}),
        ({"statusCode": 418}, {"statusCode": 418}),
        (Accept(), {"statusCode": 200, "headers": {}}),
    ],
)
def test_connection_opens_after_an_error_only_when_its_handler_says_so(
    fail_with: FailWith, connect: Build, reply: Any, answer: Any
) -> None:
    resolver, _ = fail_with(OSError())

    @resolver.exception_handler(OSError)
    async def rescue() -> Any:
        return reply

    assert resolver.resolve(connect()) == answer


def test_included_routers_exception_handler_gets_what_every_handler_gets(
    fail_with: FailWith, ask: Ask
) -> None:
    resolver, _ = fail_with(OSError(), services=Application())
    router = Router()

    @router.exception_handler(OSError)
    async def rescue(application: Application, event: Any, it: Event, connection_id: str) -> Any:
        return {"name": application.name, "from": connection_id, "same": it.raw is event}

    resolver.include_router(router)
    assert ask(resolver, {"action": "fail"}) == {"name": "app", "from": "conn-1=", "same": True}


@pytest.mark.parametrize("annotation", [KeyError, ConnectEvent, MessageEvent | ConnectEvent])
def test_registration_fails_when_an_exception_handler_cannot_get_what_it_wants(annotation: Any) -> None:
    async def rescue(it: Any) -> None: ...

    rescue.__annotations__["it"] = annotation
    with pytest.raises(RegistrationError, match="asks for `it`: what comes here is"):
        Router().exception_handler(OSError)(rescue)


def test_exception_handler_may_answer_several_errors(fail_with: FailWith, ask: Ask) -> None:
    for error in (OSError(), KeyError()):
        resolver, _ = fail_with(error)

        @resolver.exception_handler(OSError)
        @resolver.exception_handler(KeyError)
        async def rescue(it: OSError | KeyError) -> Any:
            return {"it": type(it).__name__}

        assert ask(resolver, {"action": "fail"}) == {"it": type(error).__name__}
