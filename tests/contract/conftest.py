"""One suite, three engines, in memory and moto and ministack over HTTP, and boto3 beside our own client."""

import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from boto3.session import Session
from moto.server import ThreadedMotoServer

from connection_store import ConnectionManager, History, Presence, Subscriptions, Table
from connection_store.aws_engine import AwsEngine
from connection_store.boto3_engine import Boto3Engine
from connection_store.engine import Engine
from connection_store.wire import decode
from signalbox.aws.endpoints import DYNAMODB
from signalbox.aws.json_api import JsonApi
from signalbox.dev.engine import Engine as Ministack
from signalbox.resolver import Runtime
from signalbox.testing.dynamodb import MemoryEngine
from tests.contract.instants import WatchedEngine

MakeTable = Callable[..., Table]
Ask = Callable[..., Any]
Fill = Callable[[Callable[[Table], Awaitable[None]]], Awaitable[None]]
Rows = Callable[[], dict[tuple[str, str], dict[str, Any]]]

EVERY_ENGINE = ["memory", "moto", "ministack", "boto3"]
AT_ONCE = {"memory": 8, "moto": 1, "ministack": 8, "boto3": 8}
"""Calls an engine may have under way: moto is not thread-safe. "boto3" is ministack asked by boto3."""

PATIENCE = 60.0


@pytest.fixture(scope="session")
def boto3_client(ministack: str) -> Any:
    session = Session("testing", "testing", region_name="us-east-1")
    return session.client("dynamodb", endpoint_url=ministack)


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The URL of moto's server."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of ministack's server."""
    with Ministack(log=tmp_path_factory.mktemp("engine") / "output") as ministack:
        yield ministack.url


@pytest.fixture(params=["memory", "ministack"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """The others, too, in files that override this with `EVERY_ENGINE`: they are slower by far."""
    name: str = request.param
    return name


@pytest.fixture
def unwatched(request: pytest.FixtureRequest, engine_name: str) -> Iterator[Engine]:
    if engine_name == "memory":
        yield MemoryEngine()
    elif engine_name == "boto3":
        yield Boto3Engine(request.getfixturevalue("boto3_client"), workers=AT_ONCE[engine_name])
    else:
        yield engine_at(request.getfixturevalue(engine_name), AT_ONCE[engine_name])


@pytest.fixture
async def engine(unwatched: Engine) -> AsyncIterator[WatchedEngine]:
    """The engine; a test fails that gives it a row which has expired already."""
    engine = WatchedEngine(unwatched, time.time)
    yield engine
    await engine.close()
    assert engine.expired == [], "an engine's own sweep may delete these rows during the test"


@pytest.fixture
def make_table(engine: WatchedEngine, engine_name: str) -> MakeTable:
    """Makes `Table`s of one name that no other test has."""
    name = f"contract-{secrets.token_hex(6)}"

    def make(**options: Any) -> Table:
        # How busy this machine is says nothing about the store.
        defaults = {"engine": engine, "budget": 30.0, "concurrency": AT_ONCE[engine_name]}
        return Table(name, **{**defaults, **options})

    return make


def engine_at(url: str, connections: int) -> AwsEngine:
    """Return an engine on loopback. How busy the machine is says nothing about it."""
    api = JsonApi(DYNAMODB, "us-east-1", url, connections=connections, response_timeout=PATIENCE)
    return AwsEngine(api, connections=connections)


@pytest.fixture
def ask(request: pytest.FixtureRequest, unwatched: Engine, engine: WatchedEngine) -> Iterator[Ask]:
    """Asks the engine past the store, and from a loop of its own: `ask("Scan", TableName=…)`."""
    runtime = Runtime()

    def ask(operation: str, **asked: Any) -> Any:
        engine.watch(asked)
        if isinstance(unwatched, MemoryEngine):
            return unwatched.execute(operation, asked)
        return runtime.run(unwatched.call(operation, asked))

    yield ask
    if isinstance(unwatched, AwsEngine):
        runtime.run(unwatched.close())
    runtime.close()


@pytest.fixture
async def table(make_table: MakeTable) -> Table:
    table = make_table()
    await table.create()
    return table


@pytest.fixture
def fill(ask: Ask, table: Table) -> Fill:
    """Stores what a function writes, in batches: it writes to memory, which is much quicker."""

    async def fill(write: Callable[[Table], Awaitable[None]]) -> None:
        memory = Table(table.name, engine=(engine := MemoryEngine()))
        await memory.create()
        await write(memory)
        items = engine.execute("Scan", {"TableName": table.name})["Items"]
        for first in range(0, len(items), 25):
            batch = [{"PutRequest": {"Item": item}} for item in items[first : first + 25]]
            ask("BatchWriteItem", RequestItems={table.name: batch})

    return fill


@pytest.fixture
def connections(table: Table) -> ConnectionManager:
    return ConnectionManager(table=table)


@pytest.fixture
def subscriptions(table: Table) -> Subscriptions:
    return Subscriptions(table)


@pytest.fixture
def history(table: Table) -> History:
    return History(table)


@pytest.fixture
def presence(table: Table) -> Presence:
    return Presence(table)


@pytest.fixture
def scan(ask: Ask, table: Table) -> Callable[[], list[Any]]:
    """Every item in the table, expired or not."""

    def read() -> list[Any]:
        items: list[Any] = []
        start: dict[str, Any] = {}
        while True:
            page = ask("Scan", TableName=table.name, **start)
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                return items
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    return read


@pytest.fixture
def rows(scan: Callable[[], list[Any]]) -> Rows:
    """Everything in the table but locks, expired or not, by its key and without the key."""

    def read() -> dict[tuple[str, str], dict[str, Any]]:
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for item in scan():
            row = decode(item)
            if "revoked_before" not in row:  # locks outlive their users' connections: see test_lifetimes
                found[row.pop("pk"), row.pop("sk")] = row
        return found

    return read
