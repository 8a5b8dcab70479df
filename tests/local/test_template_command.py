"""`signalbox gateway --template`: it serves every stage, and names what it does not."""

import asyncio
import json
import re
from contextlib import chdir
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.conftest import ROOT
from tests.local.test_gateway_command import PATIENCE, addresses, command, run, serve

TEMPLATES = Path(__file__).with_name("templates")
ECHO = """
def handler(event, context):
    return {"statusCode": 200, "body": event["body"]}
"""
MORE = """
  Model: {Type: AWS::ApiGatewayV2::Model}
  Pong: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Api, IntegrationType: MOCK}}
  Ping:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: ping, Target: !Sub "integrations/${Pong}"}
"""


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example of the documentation, with its function."""
    (text,) = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs" / "gateway.md").read_text(), re.S | re.M)
    (tmp_path / "template.yaml").write_text(text)
    (tmp_path / "src" / "echo").mkdir(parents=True)
    (tmp_path / "src" / "echo" / "echo.py").write_text(ECHO)
    return tmp_path / "template.yaml"


async def test_example_of_the_documentation_answers(example: Path) -> None:
    async with command(example.parent, "--template", "template.yaml", "--port", "0") as process:
        url = (await addresses(process))["WebSocket"]
        assert url.endswith("/dev")
        async with connect(url) as client:
            await client.send("hello")
            assert await client.recv() == "hello"


@pytest.fixture
def larger_example(example: Path) -> Path:
    """The example, with things nobody here can do."""
    example.write_text(example.read_text() + MORE)
    return example


async def test_what_is_not_supported_is_named_and_the_rest_is_served(
    larger_example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unstarted = serve(larger_example.parent, "--template", "template.yaml", "--port", "0")
    async with asyncio.timeout(PATIENCE), unstarted as gateway, connect(gateway.websocket_url) as client:
        await client.send('{"action": "ping"}')
        assert await client.recv() == '{"action": "ping"}', "as there is no such route"
    assert capsys.readouterr().err.splitlines()[:2] == [
        "signalbox gateway: Model: AWS::ApiGatewayV2::Model is not supported",
        "signalbox gateway: route ping is left out: an integration of type MOCK is not supported",
    ]


async def test_every_stage_is_printed_and_takes_parameters_and_variables(tmp_path: Path) -> None:
    options = ["--template", str(TEMPLATES / "two_apis.yaml"), "--port", "0", "--parameter", "Room=attic"]
    async with command(tmp_path, *options, "--env", "API_URL=x") as process:
        assert process.stdout is not None
        lines = [(await process.stdout.readline()).decode().split() for _ in range(5)]
        assert [line[0] for line in lines] == [*["WebSocket", "@connections"] * 2, "page"]
        async with connect(lines[0][1]) as client:
            await client.send('{"service": "chat", "action": "join"}')
            assert json.loads(await client.recv())[2] == "attic"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ["--template", "nowhere"],
            "signalbox gateway: cannot read template nowhere: No such file or directory",
        ),
        (["--template", "broken.json"], "signalbox gateway: template broken.json is broken: Expecting"),
        (
            ["--template", "empty.yaml"],
            "signalbox gateway: template empty.yaml has no stage of a WebSocket API",
        ),
        (
            ["--template", "empty.yaml", "--parameter", "A=1"],
            "signalbox gateway: the template has no parameter A",
        ),
        (
            ["--template", "empty.yaml", "--stage", "dev"],
            "signalbox gateway: error: --stage cannot be used with --template",
        ),
        (
            ["--handler", "a.b", "--parameter", "A=1"],
            "signalbox gateway: error: --parameter cannot be used with --handler",
        ),
        (
            ["--handler", "a.b", "--template", "c"],
            "signalbox gateway: error: argument --template: not allowed with argument --handler",
        ),
        (
            ["--handler", "a.b", "--reload", "--in-process"],
            "signalbox gateway: reload and in_process exclude each other",
        ),
    ],
    ids=str,
)
def test_complaint_is_one_line_when_a_template_cannot_be_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    (tmp_path / "broken.json").write_text('{"Resources": ')
    (tmp_path / "empty.yaml").write_text("Resources: {}")
    with chdir(tmp_path):
        status = run(arguments)
    assert status == (2 if ": error: " in complaint else 1)
    assert capsys.readouterr().err.splitlines()[-1].startswith(complaint)
