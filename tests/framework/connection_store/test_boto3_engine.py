import asyncio
import traceback
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from connection_store.boto3_engine import Boto3Engine
from connection_store.engine import EngineError, NoAnswerError, RequestRefusedError

URL = "http://127.0.0.1"
ANSWER: Any = {
    "Error": {"Code": "TransactionCanceledException", "Message": "canary"},
    "ResponseMetadata": {"HTTPStatusCode": 400},
    "CancellationReasons": [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}],
    "Item": {"data": {"S": "canary"}},
}
REFUSED = ClientError(ANSWER, "Operation")


class Client:
    """A boto3 client whose methods answer with their name and request, or raise `error`."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.closed = False

    def __getattr__(self, method: str) -> Any:
        return lambda **request: self._answer(method, request)

    def _answer(self, method: str, request: dict[str, Any]) -> dict[str, Any]:
        if self.error is not None:
            raise self.error
        return {"method": method, "request": request}

    def close(self) -> None:
        self.closed = True


async def call(error: Exception) -> None:
    engine = Boto3Engine(Client(error), workers=1)
    try:
        await engine.call("GetItem", {})
    finally:
        await engine.close()


@pytest.mark.parametrize(
    ("operation", "method"),
    [
        ("GetItem", "get_item"),
        ("Query", "query"),
        ("TransactWriteItems", "transact_write_items"),
        ("UpdateTimeToLive", "update_time_to_live"),
    ],
)
async def test_operation_is_the_clients_method(operation: str, method: str) -> None:
    engine = Boto3Engine(client := Client(), workers=1)
    assert await engine.call(operation, {"TableName": "t"}) == {
        "method": method,
        "request": {"TableName": "t"},
    }
    await engine.close()
    assert client.closed


async def test_refusal_has_what_dynamodb_answered() -> None:
    with pytest.raises(RequestRefusedError) as raised:
        await call(REFUSED)
    refused = raised.value
    assert (refused.code, refused.message, refused.status) == ("TransactionCanceledException", "canary", 400)
    assert refused.item == {"data": {"S": "canary"}}
    assert [reason["Code"] for reason in refused.reasons] == ["None", "ConditionalCheckFailed"]


@pytest.mark.parametrize(
    ("error", "kind", "sent"),
    [
        (EndpointConnectionError(endpoint_url=URL), NoAnswerError, False),
        (ConnectTimeoutError(endpoint_url=URL), NoAnswerError, False),
        (ReadTimeoutError(endpoint_url=URL), NoAnswerError, True),
        (ConnectionClosedError(endpoint_url=URL), NoAnswerError, True),
        (NoCredentialsError(), EngineError, None),
        (ParamValidationError(report="canary"), EngineError, None),
    ],
)
async def test_failure_is_named_and_says_whether_the_request_left(
    error: BotoCoreError, kind: type[EngineError], sent: bool | None
) -> None:
    with pytest.raises(EngineError) as raised:
        await call(error)
    assert type(raised.value) is kind
    assert str(raised.value) == type(error).__name__
    assert getattr(raised.value, "sent", None) is sent


@pytest.mark.parametrize("error", [REFUSED, ParamValidationError(report="canary")])
async def test_no_contents_are_in_the_traceback_when_a_call_fails(error: Exception) -> None:
    with pytest.raises(EngineError) as raised:
        await call(error)
    assert "canary" not in "".join(traceback.format_exception(raised.value))


async def test_no_more_calls_run_at_once_than_there_are_workers() -> None:
    running, most = 0, 0
    turn = asyncio.Barrier(2)
    loop = asyncio.get_running_loop()

    class Counting(Client):
        def _answer(self, method: str, request: dict[str, Any]) -> dict[str, Any]:
            nonlocal running, most
            running += 1
            most = max(most, running)
            asyncio.run_coroutine_threadsafe(turn.wait(), loop).result(10)
            running -= 1
            return {}

    engine = Boto3Engine(Counting(), workers=2)
    await asyncio.gather(*(engine.call("GetItem", {}) for _ in range(6)))
    await engine.close()
    assert most == 2
