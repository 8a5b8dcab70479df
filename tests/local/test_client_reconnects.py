"""Clients that are cut off again and again have shown everything, once and in order."""

import os
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from boto3.session import Session

from connection_store import ConnectionManager, Table
from signalbox.client.settings import Settings
from signalbox.dev.engine import Engine
from signalbox.dev.project import find_project
from signalbox.gateway import Config, LocalGateway
from signalbox.gateway.faults.plan import FaultPlan
from tests.clients.checking import find_faults
from tests.conftest import ROOT
from tests.local.broken_clients import BROKEN
from tests.local.memory_backend import running_backend
from tests.local.reconnect_scenario import HASTY, PATIENCE, SocketCutter, delivery_faults, run_scenario

SEED = int(os.environ.get("CHAOS_SEED", "1"))
"""What the dice of a test come from: to play a failure again."""

CUTS = int(os.environ.get("CHAOS_CUTS", "1000"))

CROWD = 500

REAL_CUTS = int(os.environ.get("CHAOS_REAL_CUTS", "40"))
"""The real handlers take twenty times as long for each."""

CLOCK_RATE = 20.0
"""Of the gateway in front of the real handlers, who give somebody new who is gone a second to come."""

with_seed = pytest.mark.parametrize("seed", [SEED], ids=lambda seed: f"CHAOS_SEED={seed}")


@with_seed
async def test_everything_is_shown_once_and_in_order_when_a_thousand_connections_are_cut(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    async with running_backend(delivery_faults(seed)) as url:
        scenario = await run_scenario(url, SocketCutter(monkeypatch, seed).cut(CUTS), seed=seed)

    assert find_faults(scenario.published, scenario.received) == []


@with_seed
async def test_nothing_is_missed_when_the_handlers_are_the_real_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: int
) -> None:
    with Engine(tmp_path / "output") as engine:
        async with running_handlers(engine, delivery_faults(seed, CLOCK_RATE)) as url:
            cuts = SocketCutter(monkeypatch, seed).cut(REAL_CUTS, every=0.1)
            scenario = await run_scenario(url, cuts, seed=seed, clients=6)

    assert find_faults(scenario.published, scenario.received) == []


@with_seed
async def test_nothing_is_missed_or_repeated_when_connections_roll_over(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    settings = replace(HASTY, roll_over=(0.1, 0.3))
    async with running_backend(delivery_faults(seed)) as url:
        moves = SocketCutter(monkeypatch, seed).opened(210)
        scenario = await run_scenario(url, moves, seed=seed, settings=settings)

    assert find_faults(scenario.published, scenario.received) == []
    assert scenario.states == {"connecting", "connected", "closed"}


@with_seed
async def test_no_second_has_twice_the_mean_when_a_crowd_is_cut_off_at_once(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    sockets = SocketCutter(monkeypatch, seed)
    async with running_backend(FaultPlan(seed=seed)) as url:
        storm = sockets.cut_all()
        scenario = await run_scenario(
            url, storm, seed=seed, clients=CROWD, publishers=2, pause=1.0, settings=Settings()
        )

    assert find_faults(scenario.published, scenario.received) == []
    seconds = Counter(int(pause) for pause in scenario.pauses)
    assert seconds.total() == CROWD
    assert len(seconds) >= 3
    assert max(seconds.values()) <= 2 * CROWD / len(seconds)


@with_seed
@pytest.mark.parametrize("broken", BROKEN)
async def test_the_checker_complains_when_a_client_is_broken(
    monkeypatch: pytest.MonkeyPatch, broken: str, seed: int
) -> None:
    BROKEN[broken](monkeypatch)
    async with running_backend(delivery_faults(seed)) as url:
        cuts = SocketCutter(monkeypatch, seed).cut(60)
        scenario = await run_scenario(url, cuts, seed=seed, pause=0.05, receive_for=1)

    assert find_faults(scenario.published, scenario.received) != []


@asynccontextmanager
async def running_handlers(engine: Engine, plan: FaultPlan) -> AsyncIterator[str]:
    """The address of the application on an engine, behind a gateway with a fault plan."""
    name = f"chaos-{secrets.token_hex(6)}"
    client = Session("local", "local", region_name="us-east-1").client("dynamodb", endpoint_url=engine.url)
    table = Table(name, client=client, budget=PATIENCE)
    try:
        await ConnectionManager(table=table).init_table()
        settings = {"TABLE_NAME": name, "ALLOW_GUESTS": "true", "POWERTOOLS_METRICS_DISABLED": "true"}
        environment = {**engine.environment, **settings, "POWERTOOLS_LOG_LEVEL": "CRITICAL"}
        config = Config(port=0, sandboxes=3, sandbox="socket", task_root=ROOT, environment=environment)
        async with LocalGateway(find_project(ROOT).websocket, config, faults=plan) as gateway:
            yield gateway.websocket_url
    finally:
        await table.close()
