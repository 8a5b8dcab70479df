"""`signalbox gateway --faults FILE`: the plan is printed and carried out; nonsense is one line."""

import asyncio
import json
import re
import sys
from pathlib import Path

from websockets.asyncio.client import connect

from tests.conftest import ROOT

PATIENCE = 30.0
FUNCTION = """
def handler(event, context):
    return {"statusCode": 200, "body": event.get("body", "")}
"""


async def start(folder: Path, plan: object) -> asyncio.subprocess.Process:
    """The command with a plan in a file."""
    (folder / "echo.py").write_text(FUNCTION)
    (folder / "plan.json").write_text(json.dumps(plan))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "signalbox", "gateway", "--handler", "echo.handler", "--port", "0"),
        *("--faults", "plan.json"),
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_plan_is_printed_and_carried_out_when_a_file_holds_one(tmp_path: Path) -> None:
    plan = {"seed": 7, "faults": [{"fault": "drop", "kind": "message", "nth": 1}]}
    async with asyncio.timeout(PATIENCE):
        process = await start(tmp_path, plan)
        try:
            assert process.stdout is not None
            url = re.split(r" +", (await process.stdout.readline()).decode().strip())[1]
            async with connect(url) as client:
                await client.send("lost")
                await client.send("heard")
                assert await client.recv() == "heard"
        finally:
            process.terminate()
            _, errors = await process.communicate()
    lines = errors.decode().splitlines()
    assert lines[0] == "signalbox gateway: FaultPlan(Drop('message', nth=1), seed=7, clock_rate=1.0)"
    assert [line.split("fault: ")[1] for line in lines if "fault: " in line] == ["Drop('message', nth=1)"]


async def test_complaint_is_one_line_when_the_plan_makes_no_sense(tmp_path: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        process = await start(tmp_path, {"faults": [{"fault": "explode"}]})
        output, errors = await process.communicate()
    assert process.returncode == 1
    assert output == b""
    assert errors.decode().splitlines() == [
        "signalbox gateway: fault plan plan.json: there is no fault 'explode', but drop, delay, duplicate, "
        "shuffle, refuse, hang, stall, kill, throttle"
    ]
