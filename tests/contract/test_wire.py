"""Our client beside boto3's: the same requests on the wire, and the same answers from one engine."""

import json
import re
from collections.abc import Callable
from random import Random
from secrets import token_hex
from typing import Any

import pytest
from boto3.session import Session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from connection_store.aws_engine import AwsEngine
from connection_store.boto3_engine import Boto3Engine
from connection_store.engine import Engine, RequestRefusedError
from connection_store.schema import definition
from signalbox.aws.endpoints import DYNAMODB, SECRETS_MANAGER, SQS, SSM, Service
from signalbox.aws.json_api import JsonApi
from tests.contract.conftest import engine_at
from tests.framework.aws.scripted import answer, running

SEED = 20_260_219
REGION, KEYS, TABLE, TOKEN = "eu-west-1", ("testing", "testing"), "the-table", "x-amz-security-token"
LETTERS = "abcXYZ019 /#~\"'\\{}<>&\n\täß\u00a0\u2028\ufffd日本\U0001f600\U0010ffff"
OPERATIONS = ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"]
OPERATIONS += ["BatchGetItem", "BatchWriteItem", "TransactWriteItems"]
CONDITIONS = ["attribute_exists(pk)", "attribute_not_exists(pk) OR n <= :n", "n > :n AND NOT #t = :t"]
CONDITIONS += ["contains(#t, :t) OR #f = :f", "n IN (:n, :m)", "size(#t) < :m", "#x <> :x"]
CHANGES = ["SET n = n + :n", "SET n = if_not_exists(n, :m) - :n, #t = :t REMOVE #x", "ADD n :n SET #x = :x"]
CHANGES += ["SET n = :n", "REMOVE #t, #f", "SET #f = :f, #x = if_not_exists(#x, :x)"]
RANGES = ["", " AND sk = :k", " AND sk > :k", " AND sk <= :k", " AND begins_with(sk, :k)"]
NAMES = {"#t": "text", "#f": "flag", "#x": "size"}  # words that an expression may not name as they are
ENTRIES = [{"Id": str(n), "MessageBody": json.dumps([LETTERS]), "DelaySeconds": n} for n in range(10)]
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/slices"
SECRET = {"SecretId": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ä/key-a1b2c3"}
PARAMETER = {"Name": "arn:aws:ssm:eu-west-1:123456789012:parameter/a/key", "WithDecryption": True}

NO_SLASH = pytest.mark.xfail(strict=True, reason="we add a slash to an endpoint's path, and boto3 does not")

Json = dict[str, Any]


class Requests:
    """Makes legal requests of the store's operations. They are about a few rows, so that most find one."""

    def __init__(self) -> None:
        print("seed", SEED)  # noqa: T201 - shown when it fails
        self._source = Random(SEED)
        self._pick: Callable[[list[Any]], Any] = self._source.choice

    def make(self, number: int) -> list[tuple[str, Json]]:
        """Return requests, some of them twice in a row."""
        made = [(name, self._request(name)) for name in self._source.choices(OPERATIONS, k=number)]
        return [each for request in made for each in [request] * self._pick([1, 1, 1, 1, 1, 1, 2])]

    def _request(self, operation: str) -> Json:
        table = self._pick([TABLE] * 30 + ["missing"])
        keys = list({json.dumps(key := self._key()): key for _ in range(self._pick([1, 3, 6]))}.values())
        match operation:
            case "BatchGetItem":
                return {"RequestItems": {table: {"Keys": keys, **self._read()}}}
            case "BatchWriteItem":
                return {"RequestItems": {table: [self._write_in_batch(key) for key in keys]}}
            case "TransactWriteItems":
                writes = [self._write_in_transaction(table, key) for key in keys]
                # A token is good for one request, and the other client's names another table.
                token = f"{TABLE}{self._source.getrandbits(64):x}"
                return {"TransactItems": writes, "ClientRequestToken": token}
            case "GetItem":
                return {"TableName": table, "Key": keys[0], **self._read()}
            case "Query":
                return {"TableName": table, **self._query()}
        write = self._write(operation.removesuffix("Item"), keys[0])
        return {"TableName": table, **write, **self._maybe(ReturnValues="ALL_OLD")}

    def _maybe(self, **parameters: Any) -> Json:
        return self._source.choice([{}, parameters])

    def _key(self) -> Json:
        sort_key = self._pick(["a", "b", 'q"\\\n', "\x00\x7f", "ä", "\U0001f600"])
        return {"pk": {"S": self._pick(["p", "ö/#"])}, "sk": {"S": sort_key}}

    def _value(self, name: str) -> Json:
        """A value for a placeholder; `:x` has any type but binary, which boto3 alone takes as bytes."""
        word = "".join(self._source.choices(LETTERS, k=self._pick([1, 9, 3_000])))
        number = self._pick(["0", "-0.5", "1E+3", "9" * 37, str(self._source.randint(-9, 9))])
        text, flag = {"S": self._pick(["a", "", word])}, {"BOOL": self._pick([True, False])}
        nested = {"M": {word: {"L": [text, flag, {"NULL": True}, {"M": {}}]}}}
        other = self._pick([nested, {"SS": ["ä"]}, {"NS": ["2"]}, text])
        values = {":n": {"N": number}, ":m": {"N": "7"}, ":t": text, ":f": flag, ":x": other}
        return {**values, ":p": self._key()["pk"], ":k": self._key()["sk"]}[name]

    def _expressed(self, **expressions: str) -> Json:
        """Expressions with the names and values that they refer to. DynamoDB refuses any others."""
        found = sorted({*re.findall("[:#][a-z]", " ".join(expressions.values()))})
        names = {name: NAMES[name] for name in found if name in NAMES}
        values = {name: self._value(name) for name in found if name not in NAMES}
        references = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
        return {**expressions, **{name: each for name, each in references.items() if each}}

    def _read(self) -> Json:
        wanted = self._maybe(ProjectionExpression="pk, sk, #t")
        return {**self._expressed(**wanted), **self._maybe(ConsistentRead=True)}

    def _query(self) -> Json:
        condition = "pk = :p" + self._pick(RANGES)
        filtered = self._maybe(FilterExpression="n > :n OR attribute_exists(#x)")
        query = self._expressed(KeyConditionExpression=condition, **filtered)
        query |= {**self._maybe(ScanIndexForward=False, ConsistentRead=True), **self._maybe(Limit=2)}
        # A start must be inside the range.
        start = {**self._key(), "pk": query["ExpressionAttributeValues"][":p"]}
        return query | (self._maybe(ExclusiveStartKey=start) if condition == "pk = :p" else {})

    def _row(self, key: Json) -> Json:
        some = self._maybe(n=self._value(":n"), text=self._value(":t"))
        return {**key, **some, **self._maybe(flag=self._value(":f"), size=self._value(":x"))}

    def _write(self, kind: str, key: Json) -> Json:
        condition = {"ConditionExpression": self._pick(CONDITIONS)}
        expressions = condition if kind == "ConditionCheck" else self._maybe(**condition)
        shown = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if expressions else {}
        if kind == "Update":
            expressions = {**expressions, "UpdateExpression": self._pick(CHANGES)}
        place = {"Item": self._row(key)} if kind == "Put" else {"Key": key}
        return {**place, **shown, **self._expressed(**expressions)}

    def _write_in_batch(self, key: Json) -> Json:
        return self._pick([{"PutRequest": {"Item": self._row(key)}}, {"DeleteRequest": {"Key": key}}])

    def _write_in_transaction(self, table: str, key: Json) -> Json:
        kind = self._pick(["Put", "Update", "Delete", "ConditionCheck"])
        return {kind: {"TableName": table, **self._write(kind, key)}}


def read(raw: bytes, service: Service) -> Json:
    """What a request says, if its signature is the one that botocore makes of it."""
    head, body = raw.split(b"\r\n\r\n", 1)
    line, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
    signed = re.findall("SignedHeaders=([^,]+)", headers["authorization"])[0].split(";")
    url = f"http://{headers['host']}{line.split(' ')[1]}"
    request = AWSRequest(line.split(" ")[0], url, {name: headers[name] for name in signed}, body)
    request.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(Credentials(*KEYS, headers.get("x-amz-security-token")), service.name, REGION)
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    stated = f"Credential={auth.scope(request)}, SignedHeaders={';'.join(signed)}, Signature={signature}"
    assert headers["authorization"] == f"AWS4-HMAC-SHA256 {stated}"
    assert {*signed} >= {"host", "x-amz-date", "x-amz-target", *({TOKEN} & headers.keys())}
    same = {name: headers.get(name) for name in ("host", "content-type", "x-amz-target", TOKEN)}
    return {"line": line, "body": json.loads(body), **same}


def write_length_small(request: Any, **_: Any) -> None:
    """The scripted server knows the header as we write it."""
    request.headers["content-length"] = request.headers.pop("Content-Length")


async def compare(service: Service, requests: list[tuple[str, Json]], path: str = "") -> None:
    async with running() as server:
        server.respond = lambda request: [answer(200, b"{}")]
        url = f"http://127.0.0.1:{server.port}{path}"
        session: Any = Session(region_name=REGION)
        client = session.client(service.name, endpoint_url=url)
        client.meta.events.register("before-send", write_length_small)
        engines = AwsEngine(JsonApi(service, REGION, url), connections=1), Boto3Engine(client, workers=1)
        for request in requests:
            for engine in engines:
                await engine.call(*request)
            ours, boto3s = (read(raw, service) for raw in server.requests)
            assert ours == boto3s
            server.requests.clear()
        for engine in engines:
            await engine.close()


async def test_requests_are_boto3s_when_they_are_generated() -> None:
    await compare(DYNAMODB, Requests().make(150))


@pytest.mark.parametrize(
    ("service", "operation", "request_", "path"),
    [
        (SQS, "SendMessageBatch", {"QueueUrl": QUEUE, "Entries": ENTRIES}, ""),
        (SECRETS_MANAGER, "GetSecretValue", SECRET, "/a/b~c/"),
        (SSM, "GetParameter", PARAMETER, "/"),
        pytest.param(SSM, "GetParameter", PARAMETER, "/base", marks=NO_SLASH),
    ],
    ids=["sqs", "secretsmanager", "ssm", "path without a slash"],
)
async def test_request_is_boto3s_when_the_keys_have_a_token(
    monkeypatch: pytest.MonkeyPatch, service: Service, operation: str, request_: Json, path: str
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "canary/+=")
    await compare(service, [(operation, request_)], path)


async def ask(engine: Engine, table: str, operation: str, request: Json) -> Any:
    """What comes of a request in a client's own table, under a name that all tables share."""
    try:
        found = dict(await engine.call(operation, json.loads(json.dumps(request).replace(TABLE, table))))
        found.pop("ResponseMetadata", None)
    except RequestRefusedError as error:
        found = {"code": error.code, "status": error.status, "item": error.item, "reasons": error.reasons}
    return json.loads(json.dumps(found).replace(table, TABLE))


async def test_answers_are_boto3s_when_tables_have_one_history(ministack: str, boto3_client: Any) -> None:
    engines: list[Engine] = [engine_at(ministack, 1), Boto3Engine(boto3_client, workers=1)]
    tables = [f"wire-{token_hex(4)}" for _ in engines]
    for engine, table in zip(engines, tables, strict=True):
        await engine.call("CreateTable", definition(table))
    seen = set()
    for request in Requests().make(150):
        ours, boto3s = [await ask(*pair, *request) for pair in zip(engines, tables, strict=True)]
        assert ours == boto3s, request
        seen.add(ours.get("code", request[0]))
    assert seen >= {*OPERATIONS, "ConditionalCheckFailedException", "TransactionCanceledException"}
    for engine in engines:
        await engine.close()
