"""One suite, two engines: moto in this process, and ministack over HTTP."""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from boto3.session import Session
from moto import mock_aws

from connection_store import ConnectionManager, History, Presence, Subscriptions, Table
from connection_store.wire import decode
from signalbox.dev.engine import Engine

MakeTable = Callable[..., Table]


@pytest.fixture(scope="session")
def aws_session() -> Session:
    """One for all clients: it keeps the parsed service description."""
    return Session("testing", "testing", region_name="us-east-1")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(log=tmp_path_factory.mktemp("engine") / "output") as engine:
        yield engine


@pytest.fixture(params=["moto", "ministack"])
def engine_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def client(request: pytest.FixtureRequest, engine_name: str, aws_session: Session) -> Iterator[Any]:
    if engine_name == "moto":
        with mock_aws():
            yield aws_session.client("dynamodb")
        return
    client = aws_session.client("dynamodb", endpoint_url=request.getfixturevalue("engine").url)
    yield client
    client.close()


@pytest.fixture
def make_table(client: Any, engine_name: str) -> Iterator[MakeTable]:
    """Makes `Table`s of one name that no other test has."""
    name = f"contract-{secrets.token_hex(6)}"
    tables: list[Table] = []

    def make(**options: Any) -> Table:
        # moto is not thread-safe; and how busy this machine is says nothing about the store.
        workers = {"workers": 1} if engine_name == "moto" else {}
        tables.append(Table(name, **{"client": client, "budget": 30.0, **workers, **options}))
        return tables[-1]

    yield make
    for table in tables:
        table.close()


@pytest.fixture
async def table(make_table: MakeTable) -> Table:
    table = make_table()
    await table.create()
    return table


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
def rows(client: Any, table: Table) -> Callable[[], dict[tuple[str, str], dict[str, Any]]]:
    """Everything in the table but guards, expired or not, by its key and without the key."""

    def read() -> dict[tuple[str, str], dict[str, Any]]:
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for page in client.get_paginator("scan").paginate(TableName=table.name):
            for item in page["Items"]:
                row = decode(item)
                if "revoked_before" not in row:  # guards outlive their users' connections: see test_arrivals
                    found[row.pop("pk"), row.pop("sk")] = row
        return found

    return read
