"""The Python client plays every scenario."""

from pathlib import Path

import pytest

from tests.clients.python_driver import drive_python
from tests.clients.runner import SCENARIOS, is_for, run

OURS = [scenario for scenario in SCENARIOS if is_for(scenario, "python")]


@pytest.mark.parametrize("scenario", OURS, ids=lambda path: path.stem)
async def test_the_client_does_what_the_scenario_says_when_it_is_played(scenario: Path) -> None:
    await run(scenario, drive_python)
