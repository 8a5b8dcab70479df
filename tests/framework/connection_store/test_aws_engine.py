import traceback
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from connection_store import AccessDeniedError, StoreBusyError, StoreError, Table
from connection_store.aws_engine import AwsEngine
from connection_store.engine import EngineError, NoAnswerError, RequestRefusedError
from connection_store.schema import Key
from signalbox.aws.endpoints import DYNAMODB
from signalbox.aws.json_api import JsonApi
from signalbox.aws.transport import DOUBTED_AFTER
from tests.contract.faults import Clock
from tests.framework.aws.scripted import Act, Server, Step, answer, running
from tests.framework.publisher.conftest import KEYS

KEY = Key("user#ann", "c-1")
CANCELLED = answer(
    400,
    b'{"__type":"x#TransactionCanceledException","Message":"canary","Item":{"data":{"S":"canary"}},'
    b'"CancellationReasons":[{"Code":"None"},{"Code":"ConditionalCheckFailed"}]}',
)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with running() as server:
        yield server


@pytest.fixture
async def engine_at(server: Server) -> AsyncIterator[Callable[..., AwsEngine]]:
    made: list[AwsEngine] = []

    def make(url: str = f"http://127.0.0.1:{server.port}", **options: Any) -> AwsEngine:
        made.append(AwsEngine(JsonApi(DYNAMODB, "eu-west-1", url, environ=KEYS, **options), connections=8))
        return made[-1]

    yield make
    for engine in made:
        await engine.close()


Make = Callable[..., AwsEngine]


async def test_refusal_has_what_dynamodb_answered(server: Server, engine_at: Make) -> None:
    server.play(CANCELLED)

    with pytest.raises(RequestRefusedError) as raised:
        await engine_at().call("TransactWriteItems", {})

    refused = raised.value
    assert (refused.code, refused.message, refused.status) == ("TransactionCanceledException", "canary", 400)
    assert refused.item == {"data": {"S": "canary"}}
    assert [reason["Code"] for reason in refused.reasons] == ["None", "ConditionalCheckFailed"]
    assert "canary" not in "".join(traceback.format_exception(refused))


@pytest.mark.parametrize("step", [Act.CLOSE, Act.RESET, b"no HTTP\r\n\r\n", answer(200, b"no JSON")])
async def test_request_may_have_been_sent_when_its_answer_cannot_be_read(
    server: Server, engine_at: Make, step: Step
) -> None:
    server.respond = lambda request: [step]

    with pytest.raises(NoAnswerError) as raised:
        await engine_at().call("GetItem", {})
    assert raised.value.sent


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("Query", b"{}"),
        ("Query", b'{"Items":5}'),
        ("BatchGetItem", b"{}"),
        ("BatchGetItem", b'{"Responses":null}'),
        ("GetItem", b'{"Item":5}'),
        ("GetItem", b'{"Item":null}'),
    ],
)
async def test_answer_is_none_when_it_has_another_form(
    server: Server, engine_at: Make, operation: str, body: bytes
) -> None:
    server.respond = lambda request: [answer(200, body)]

    with pytest.raises(NoAnswerError):
        await engine_at().call(operation, {})


@pytest.mark.parametrize("reasons", ["null", "[null]", "[{}]", "5", '{"Code":"None"}'])
async def test_refusal_has_no_reasons_when_they_have_another_form(
    server: Server, engine_at: Make, reasons: str
) -> None:
    body = f'{{"__type":"x#TransactionCanceledException","Item":5,"CancellationReasons":{reasons}}}'
    server.play(answer(400, body.encode()))

    with pytest.raises(RequestRefusedError) as refused:
        await engine_at().call("TransactWriteItems", {})
    assert (refused.value.item, refused.value.reasons) == (None, ())


@pytest.mark.parametrize(
    ("operation", "request_", "sent"),
    [
        ("GetItem", {}, 2),
        ("Query", {}, 2),
        ("UpdateItem", {}, 1),
        ("PutItem", {}, 1),
        ("DeleteItem", {}, 1),
        ("BatchWriteItem", {}, 1),
        ("TransactWriteItems", {"ClientRequestToken": "t"}, 2),
    ],
)
async def test_request_is_sent_twice_only_when_that_is_harmless_and_its_connection_was_idle_for_long(
    server: Server, engine_at: Make, operation: str, request_: dict[str, Any], sent: int
) -> None:
    now = [1_767_225_600.0]
    engine = engine_at(clock=lambda: now[0])
    server.respond = lambda request: [answer(200, b'{"Items":[]}')]
    await engine.call("GetItem", {})
    now[0] += DOUBTED_AFTER
    if sent == 2:
        server.play(Act.HANG)

    await engine.call(operation, request_)

    assert len(server.requests) == 1 + sent
    assert server.accepted == 2


async def test_request_was_not_sent_when_nothing_listens(engine_at: Make) -> None:
    with pytest.raises(NoAnswerError) as raised:
        await engine_at("http://127.0.0.1:1").call("GetItem", {})
    assert not raised.value.sent


async def test_failure_names_the_variable_when_no_request_can_be_made() -> None:
    engine = AwsEngine(JsonApi(DYNAMODB, environ={}), connections=1)

    with pytest.raises(EngineError, match="AWS_REGION"):
        await engine.call("GetItem", {})
    with pytest.raises(EngineError, match="AWS_REGION"):
        engine.warm()


async def test_store_is_busy_when_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    table = Table("connections", budget=1.9, clock=clock, sleep=clock.sleep)
    with pytest.raises(StoreBusyError, match="ConnectError"):
        await table.get(KEY, now=0)
    await table.close()


async def test_failure_is_the_stores_when_no_region_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    table = Table("connections")
    with pytest.raises(StoreError, match="AWS_REGION"):
        await table.get(KEY, now=0)
    with pytest.raises(StoreError, match="AWS_REGION"):
        table.warm()


@pytest.mark.parametrize("code", ["ExpiredTokenException", "UnrecognizedClientException", "AccessDenied"])
async def test_access_is_denied_when_the_keys_are_refused(server: Server, engine_at: Make, code: str) -> None:
    server.respond = lambda request: [answer(400, b'{"__type":"x#%b"}' % code.encode())]
    with pytest.raises(AccessDeniedError, match=code):
        await Table("connections", engine=engine_at()).get(KEY, now=0)
