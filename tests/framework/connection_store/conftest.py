from collections.abc import Callable
from typing import Any

import pytest

from connection_store import Table
from tests.contract.faults import Clock
from tests.framework.connection_store.script import Script


class ScriptedTable(Table):
    """A table that shows its engine."""

    engine: Any


MakeTable = Callable[..., ScriptedTable]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_table(clock: Clock) -> MakeTable:
    """Makes a `Table` whose engine plays a script, and whose pauses take no time."""

    def make(*answers: Any, **options: Any) -> ScriptedTable:
        engine = options.pop("engine", None) or Script(*answers)
        table = ScriptedTable("table", engine=engine, clock=clock, sleep=clock.sleep, **options)
        table.engine = engine
        return table

    return make
