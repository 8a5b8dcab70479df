"""`signalbox gateway --faults FILE`: the plan is printed and carried out; nonsense is one line."""

import asyncio
import json
from contextlib import chdir
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.local.test_gateway_command import PATIENCE, run, serve

FUNCTION = """
def handler(event, context):
    return {"statusCode": 200, "body": event.get("body", "")}
"""
OPTIONS = ["--handler", "echo.handler", "--port", "0", "--faults", "plan.json"]


@pytest.fixture
def task_root(tmp_path: Path) -> Path:
    """A folder with a function in it."""
    (tmp_path / "echo.py").write_text(FUNCTION)
    return tmp_path


async def test_plan_is_printed_and_carried_out_when_a_file_holds_one(
    task_root: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "signalbox.gateway")
    plan = {"seed": 7, "faults": [{"fault": "drop", "kind": "message", "nth": 1}]}
    (task_root / "plan.json").write_text(json.dumps(plan))
    async with (
        asyncio.timeout(PATIENCE),
        serve(task_root, *OPTIONS) as gateway,
        connect(gateway.websocket_url) as client,
    ):
        await client.send("lost")
        await client.send("heard")
        assert await client.recv() == "heard"
    printed = capsys.readouterr().err.splitlines()[0]
    assert printed == "signalbox gateway: FaultPlan(Drop('message', nth=1), seed=7, clock_rate=1.0)"
    logged = [message.split("fault: ")[1] for message in caplog.messages if "fault: " in message]
    assert logged == ["Drop('message', nth=1)"]


def test_complaint_is_one_line_when_the_plan_makes_no_sense(
    task_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (task_root / "plan.json").write_text('{"faults": [{"fault": "explode"}]}')
    with chdir(task_root):
        assert run(OPTIONS) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.splitlines() == [
        "signalbox gateway: fault plan plan.json: there is no fault 'explode', but drop, delay, duplicate, "
        "shuffle, refuse, hang, stall, kill, throttle"
    ]
