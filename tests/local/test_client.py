"""The Python client and its commands on the product as a user starts it."""

import asyncio
import json
import re
import secrets
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from signalbox.client import Client, Position, Push
from signalbox.client.terminal.arguments import parse
from tests.conftest import ROOT, LocalRun

DOCUMENT = (ROOT / "docs" / "client.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
COMMANDS = re.findall(r"^signalbox client (.*?)(?: \| .*)?$", DOCUMENT, re.MULTILINE)
PATIENCE = 60.0


@pytest.fixture
def room() -> str:
    """A channel that no other test has."""
    return f"room:{secrets.token_hex(6)}"


@pytest.mark.parametrize("example", EXAMPLES, ids=["talk", "go on", "events"])
def test_example_of_the_document_runs_when_the_backend_does(
    local_run: LocalRun, tmp_path: Path, room: str, example: str
) -> None:
    program = example.replace("ws://127.0.0.1:3001/local", local_run.websocket_url).replace("room:1", room)
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )


@pytest.mark.parametrize("command", COMMANDS)
def test_command_of_the_document_makes_sense_when_it_is_parsed(command: str) -> None:
    options = parse(shlex.split(command))

    assert (options.command, options.channel) == (command.split()[0], "room:1")


def test_commands_work_together_when_one_publishes_and_the_other_reads(
    local_run: LocalRun, room: str
) -> None:
    def run(command: str, *arguments: str) -> list[dict[str, object]]:
        done = subprocess.run(
            [sys.executable, "-m", "signalbox", "client", command, local_run.websocket_url, room, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    (ack,) = run("publish", "hello")
    (kept,) = run("history")

    assert kept["position"] == ack["position"]
    assert kept["data"] == {"text": "hello"}


async def test_everybody_is_told_who_is_there_when_they_share_a_channel(
    local_run: LocalRun, room: str
) -> None:
    async with (
        asyncio.timeout(PATIENCE),
        Client(local_run.websocket_url, name="Ann") as ann,
        Client(local_run.websocket_url, name="Bob") as bob,
    ):
        await ann.subscribe(room).subscribed()
        await bob.subscribe(room).subscribed()
        pushes = (event async for event in ann.events if isinstance(event, Push))
        push = await anext(pushes)
        presence = await ann.presence(room)

    assert (push.type, push.fields["connection"]["name"]) == ("presence.joined", "Bob")
    assert {attendee.names for attendee in presence.users} == {("Ann",), ("Bob",)}


async def test_another_client_goes_on_when_it_is_given_the_position(local_run: LocalRun, room: str) -> None:
    async with asyncio.timeout(PATIENCE), Client(local_run.websocket_url) as ann:
        subscription = ann.subscribe(room)
        for number in range(3):
            await ann.publish(room, number)
        await anext(subscription)
        saved = str(subscription.position)
        async with Client(local_run.websocket_url) as bob:
            rest = bob.subscribe(room, since=Position.parse(saved))
            items = [await anext(rest) for _ in range(2)]

    assert [item.position and item.position.offset for item in items] == [2, 3]
