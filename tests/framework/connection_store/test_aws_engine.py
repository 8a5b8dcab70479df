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
