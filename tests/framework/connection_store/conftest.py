from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connection_store import Table
from tests.contract.faults import Clock
from tests.framework.connection_store.script import Script

MakeTable = Callable[..., Table]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_table(clock: Clock) -> Iterator[MakeTable]:
    """Makes a `Table` whose client plays a script, and whose pauses take no time."""
    tables: list[Table] = []

    def make(*answers: Any, **options: Any) -> Table:
        client = options.pop("client", None) or Script(*answers)
        tables.append(Table("table", client=client, clock=clock, sleep=clock.sleep, **options))
        return tables[-1]

    yield make
    for table in tables:
        table.close()
