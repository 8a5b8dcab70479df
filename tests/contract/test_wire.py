"""Our client beside boto3's: the same requests on the wire, and the same answers from one engine."""

import json
import re
from random import Random
from secrets import token_hex
from typing import Any, cast

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
HEADERS = ["host", "content-type", "x-amz-target", TOKEN]
LETTERS = "abcXYZ019 /#~\"'\\{}<>&\n\täß\u00a0\u2028\ufffd日本\U0001f600\U0010ffff"
OPERATIONS = ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"]
OPERATIONS += ["BatchGetItem", "BatchWriteItem", "TransactWriteItems"]
KINDS = ["Put", "Update", "Delete", "ConditionCheck"]
CONDITIONS = ["attribute_exists(pk)", "attribute_not_exists(pk) OR n <= :n", "n > :n AND NOT #t = :t"]
CONDITIONS += ["contains(#t, :t) OR #f = :f", "n IN (:n, :m)", "size(#t) < :m", "#x <> :x"]
SHOWN = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
CHANGES = ["SET n = n + :n", "SET n = if_not_exists(n, :m) - :n, #t = :t REMOVE #x", "ADD n :n SET #x = :x"]
CHANGES += ["SET n = :n", "REMOVE #t, #f", "SET #f = :f, #x = if_not_exists(#x, :x)"]
RANGES = ["", " AND sk = :k", " AND sk > :k", " AND sk <= :k", " AND begins_with(sk, :k)"]
NAMES = {"#t": "text", "#f": "flag", "#x": "size"}  # words that an expression may not name as they are
ENTRIES = [{"Id": str(n), "MessageBody": json.dumps([LETTERS]), "DelaySeconds": n} for n in range(10)]
Json = dict[str, Any]


class Requests(Random):
    """Makes legal requests about a few rows, so that most find one, and some of them twice in a row."""

    def make(self, number: int = 150) -> list[tuple[str, Json]]:
        print("seed", SEED)  # noqa: T201 - shown when it fails
        made = [(name, self._request(name)) for name in self.choices(OPERATIONS, k=number)]
        return [each for request in made for each in [request] * self.choice([1, 1, 1, 1, 1, 1, 2])]

    def _request(self, operation: str) -> Json:
        table = self.choice([TABLE] * 30 + ["missing"])
        keys = list({json.dumps(key := self._key()): key for _ in range(self.choice([1, 3, 6]))}.values())
        match operation:
            case "BatchGetItem":
                return {"RequestItems": {table: {"Keys": keys, **self._read()}}}
            case "BatchWriteItem":
                writes = [{"PutRequest": {"Item": self._write(table, "Put", key)["Item"]}} for key in keys]
                writes[1:3] = [{"DeleteRequest": {"Key": key}} for key in keys[1:3]]
                return {"RequestItems": {table: writes}}
            case "TransactWriteItems":
                writes = [{(kind := self.choice(KINDS)): self._write(table, kind, key)} for key in keys]
                # A token is good for one request, and the other client's names another table.
                token = f"{TABLE}{self.getrandbits(64):x}"
                return {"TransactItems": writes, "ClientRequestToken": token}
            case "GetItem":
                return {"TableName": table, "Key": keys[0], **self._read()}
            case "Query":
                return {"TableName": table, **self._query()}
        return self._write(table, operation[:-4], keys[0]) | self._maybe(ReturnValues="ALL_OLD")

    def _maybe(self, **parameters: Any) -> Json:
        return parameters if self.choice([True, False]) else {}

    def _key(self) -> Json:
        return {"pk": {"S": self.choice("p#")}, "sk": {"S": self.choice('a"\\\x00ä\U0001f600')}}

    def _value(self, name: str) -> Any:
        """A value for a placeholder; `:x` has any type but binary, which boto3 alone takes as bytes."""
        word = "".join(self.choices(LETTERS, k=self.choice([1, 9, 3_000])))
        number = self.choice(["0", "-0.5", "1E+3", "9" * 37, str(self.randint(-9, 9))])
        text, flag = {"S": self.choice(["a", "", word])}, {"BOOL": self.choice([True, False])}
        nested = {"M": {word: {"L": [text, flag, {"NULL": True}, {"M": {}}]}}}
        other = self.choice([nested, {"SS": ["ä"]}, {"NS": ["2"]}, text])
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
        condition = "pk = :p" + self.choice(RANGES)
        query = self._expressed(KeyConditionExpression=condition, **self._maybe(FilterExpression="n > :n"))
        query |= {**self._maybe(ScanIndexForward=False, ConsistentRead=True), **self._maybe(Limit=2)}
        start = {**self._key(), "pk": query["ExpressionAttributeValues"][":p"]}  # in the range
        return query | (self._maybe(ExclusiveStartKey=start) if condition == "pk = :p" else {})

    def _write(self, table: str, kind: str, key: Json) -> Json:
        condition = {"ConditionExpression": self.choice(CONDITIONS), **SHOWN}
        expressions = condition if kind == "ConditionCheck" else self._maybe(**condition)
        expressions |= {"UpdateExpression": self.choice(CHANGES)} if kind == "Update" else {}
        some = self._maybe(n=self._value(":n"), text=self._value(":t"))
        row = {**key, **some, **self._maybe(flag=self._value(":f"), size=self._value(":x"))}
        place = {"Item": row} if kind == "Put" else {"Key": key}
        return {"TableName": table, **place, **self._expressed(**expressions)}


def read(raw: bytes, service: Service) -> Json:
    """The contents of a request whose signature is the one that botocore makes of it."""
    head, body = raw.split(b"\r\n\r\n", 1)
    line, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
    signed = re.findall("SignedHeaders=([^,]+)", headers["authorization"])[0].split(";")
    url = f"http://{headers['host']}{line.split(' ')[1]}"
    request = AWSRequest(line.split(" ")[0], url, {name: headers[name] for name in signed}, body)
    request.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(Credentials(*KEYS, headers.get(TOKEN)), service.name, REGION)
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    stated = f"Credential={auth.scope(request)}, SignedHeaders={';'.join(signed)}, Signature={signature}"
    assert headers["authorization"] == f"AWS4-HMAC-SHA256 {stated}"
    same = {name: headers[name] for name in HEADERS if name in headers}
    assert {*signed} >= {*same, "x-amz-date"}
    return {"line": line, "body": json.loads(body), **same}


async def compare(service: Service, requests: list[tuple[str, Json]], path: str = "") -> None:
    async with running() as server:
        server.respond = lambda request: [answer(200, b'{"Items":[],"Responses":{}}')]
        url = f"http://127.0.0.1:{server.port}{path}"
        client = cast(Any, Session(region_name=REGION)).client(service.name, endpoint_url=url)
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
    await compare(DYNAMODB, Requests(SEED).make())


@pytest.mark.parametrize(
    ("service", "operation", "request_", "path"),
    [
        (SQS, "SendMessageBatch", {"QueueUrl": "https://sqs.test/1/slices", "Entries": ENTRIES}, ""),
        (SECRETS_MANAGER, "GetSecretValue", {"SecretId": "arn:aws:secretsmanager:x:1:secret:ä/b"}, "/a/b~c/"),
        (SSM, "GetParameter", {"Name": "arn:aws:ssm:x:1:parameter/a/ä", "WithDecryption": True}, "/"),
        (SSM, "GetParameter", {"Name": "a"}, "/base"),
    ],
    ids=["sqs", "secretsmanager", "ssm", "path"],
)
async def test_request_is_boto3s_when_the_keys_have_a_token(
    monkeypatch: pytest.MonkeyPatch, service: Service, operation: str, request_: Json, path: str
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "canary/+=")
    await compare(service, [(operation, request_)], path)


async def ask(engine: Engine, table: str, operation: str, request: Json) -> Any:
    """The result of a request in a client's own table, under a name that all tables share."""
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
    for request in Requests(SEED).make():
        ours, boto3s = [await ask(*pair, *request) for pair in zip(engines, tables, strict=True)]
        assert ours == boto3s, request
        seen.add(ours.get("code", request[0]))
    assert seen >= {*OPERATIONS, "ConditionalCheckFailedException", "TransactionCanceledException"}
    for engine in engines:
        await engine.close()
