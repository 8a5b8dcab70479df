import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest

from signalbox.resolver import (
    Accept,
    ConflictError,
    Context,
    MalformedEventError,
    ReplyError,
    WebSocketResolver,
)

Build = Callable[..., dict[str, Any]]
Ask = Callable[..., Any]
FailWith = Callable[..., tuple[WebSocketResolver, list[tuple[str | None, BaseException]]]]

CANARY = "canary"
INTERNAL = {"type": "error", "code": "internal", "retry": False, "request_id": "req-1="}


def _recurse() -> None:
    _recurse()


UNEXPECTED = [
    Exception(CANARY),
    KeyError(CANARY),
    ValueError(CANARY * 40_000),
    SystemExit(CANARY),
    asyncio.CancelledError(CANARY),
    RecursionError(CANARY),
    ExceptionGroup(CANARY, [ValueError(CANARY)]),
    BaseException(CANARY),
    StopAsyncIteration(CANARY),
    MalformedEventError(CANARY),
]


@pytest.mark.parametrize("error", UNEXPECTED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("action", ["fail", "fail in a thread"])
def test_f21_client_learns_four_fields_when_a_handler_fails(
    fail_with: FailWith, ask: Ask, error: BaseException, action: str
) -> None:
    resolver, reported = fail_with(error)
    assert ask(resolver, {"action": action}) == INTERNAL
    assert ask(resolver, {"action": action, "id": 5}) == INTERNAL | {"id": 5}
    assert [(route, type(reported)) for route, reported in reported] == [(action, type(error))] * 2


@pytest.mark.parametrize("error", UNEXPECTED, ids=lambda error: type(error).__name__)
def test_f21_lifecycle_is_answered_by_status_when_a_handler_fails(
    fail_with: FailWith, connect: Build, disconnect: Build, error: BaseException
) -> None:
    resolver, reported = fail_with(error)
    assert resolver.resolve(connect()) == {"statusCode": 500}
    assert resolver.resolve(disconnect()) == {"statusCode": 200}
    assert [reported for _, reported in reported] == [error, error]


def test_f21_client_learns_nothing_when_a_handler_exits_or_recurses(ask: Ask) -> None:
    resolver = WebSocketResolver()
    resolver.on_message("exit")(lambda: sys.exit(3))
    resolver.on_message("recurse")(_recurse)
    assert ask(resolver, {"action": "exit"}) == ask(resolver, {"action": "recurse"}) == INTERNAL


def test_keyboard_interrupt_is_not_answered(fail_with: FailWith, message: Build) -> None:
    resolver, reported = fail_with(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        resolver.resolve(message({"action": "fail"}))
    assert reported == []


async def test_cancellation_is_not_answered_when_the_dispatch_itself_is_cancelled(message: Build) -> None:
    resolver, started = WebSocketResolver(), asyncio.Event()

    @resolver.on_message("wait")
    async def wait() -> None:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(resolver.dispatch(message({"action": "wait"})))
    async with asyncio.timeout(5):
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def test_realtime_error_is_answered_with_its_code_and_not_reported(
    fail_with: FailWith, ask: Ask, connect: Build
) -> None:
    resolver, reported = fail_with(ConflictError(CANARY, details={"to": "ada"}))
    assert ask(resolver, {"action": "fail"}) == {
        "type": "error",
        "code": "conflict",
        "retry": True,
        "request_id": "req-1=",
        "to": "ada",
    }
    assert resolver.resolve(connect()) == {"statusCode": 409}
    assert reported == []


@pytest.mark.parametrize("detail", [object(), "\ud800", "x" * 140_000])
def test_error_is_internal_when_its_details_cannot_be_sent(
    fail_with: FailWith, ask: Ask, detail: Any
) -> None:
    resolver, reported = fail_with(ConflictError(details={"detail": detail}))
    assert ask(resolver, {"action": "fail"}) == INTERNAL
    assert [type(error) for _, error in reported] == [ReplyError]


@pytest.mark.parametrize("reply", [object(), "\ud800", "x" * 140_000, {"a": {"b": b"\xff"}}])
def test_reply_is_internal_when_it_cannot_be_sent(ask: Ask, reply: Any) -> None:
    reported: list[BaseException] = []
    resolver = WebSocketResolver(on_unexpected=lambda _context, error: reported.append(error))

    @resolver.on_message("a")
    async def handler() -> Any:
        return reply

    assert ask(resolver, {"action": "a"}) == INTERNAL
    assert [type(error) for error in reported] == [ReplyError]


@pytest.mark.parametrize("failure", [ValueError(CANARY), SystemExit(1)])
def test_answer_is_kept_when_on_unexpected_fails(
    ask: Ask, caplog: pytest.LogCaptureFixture, failure: BaseException
) -> None:
    def report(context: Context, error: BaseException) -> None:
        raise failure

    resolver = WebSocketResolver(on_unexpected=report)
    resolver.on_message("a")(lambda: dict[str, str]()[CANARY])
    assert ask(resolver, {"action": "a"}) == INTERNAL
    assert "KeyError" in caplog.text
    assert type(failure).__name__ in caplog.text


def test_s14_log_has_types_and_places_and_no_contents(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    resolver = WebSocketResolver()

    @resolver.on_message("a")
    async def handler(body: Any) -> None:
        secret = body["secret"]
        raise ValueError(f"{secret}" * 20_000)

    with caplog.at_level(logging.DEBUG):
        ask(resolver, {"action": "a", "secret": CANARY})
    # Records of no request are not this test's: a task of an earlier one may be collected meanwhile.
    (record,) = (record for record in caplog.records if "request_id" in vars(record))
    assert (record.name, record.levelno) == ("signalbox", logging.ERROR)
    assert (vars(record)["request_id"], vars(record)["route"]) == ("req-1=", "a")
    text = record.getMessage()
    assert "req-1=" in text
    assert "ValueError" in text
    assert f"{__file__}:" in text
    assert ":handler" in text
    assert CANARY not in caplog.text
    assert record.exc_info is None
    assert len(text) < 4_000


def test_accepted_connection_gets_its_subprotocol(connect: Build) -> None:
    resolver = WebSocketResolver()

    @resolver.on_connect()
    async def accept(context: Context) -> Accept:
        return Accept("chat", headers={"X-A": "b"})

    assert resolver.resolve(connect()) == {
        "statusCode": 200,
        "headers": {"X-A": "b", "Sec-WebSocket-Protocol": "chat"},
    }


def test_connection_is_refused_when_the_handler_picks_an_impossible_subprotocol(connect: Build) -> None:
    resolver = WebSocketResolver()

    @resolver.on_connect()
    async def accept() -> Accept:
        return Accept("chat\r\nSet-Cookie: a=b")

    assert resolver.resolve(connect()) == {"statusCode": 500}


def test_connection_is_refused_when_nobody_is_named_and_the_handler_wants_a_caller(connect: Build) -> None:
    resolver = WebSocketResolver()

    @resolver.on_connect()
    async def accept(caller: Any) -> None:
        raise NotImplementedError

    assert resolver.resolve(connect()) == {"statusCode": 401}


@pytest.mark.parametrize("event", [None, {}, {"requestContext": {"eventType": "HTTP"}}, [], "x"])
async def test_malformed_event_is_api_gateways_to_answer(event: Any) -> None:
    with pytest.raises(MalformedEventError):
        WebSocketResolver().resolve(event)
    with pytest.raises(MalformedEventError):
        await WebSocketResolver().dispatch(event)


async def test_dispatches_do_not_mix_when_they_run_at_once(message: Build) -> None:
    resolver = WebSocketResolver()

    @resolver.on_message("a")
    async def handler(context: Context, body: Any) -> Any:
        context.state["n"] = body["n"]
        await asyncio.sleep(0)
        return {"n": context.state["n"], "empty": len(context.state) == 1}

    answers = await asyncio.gather(
        *(resolver.dispatch(message({"action": "a", "n": n, "id": n})) for n in range(50))
    )
    assert [answer["body"] for answer in answers] == [f'{{"n":{n},"empty":true,"id":{n}}}' for n in range(50)]
