"""`signalbox gateway`: it serves a real function, refuses nonsense in one line and stops at Ctrl-C.

Covers signalbox.gateway.command.
"""

import asyncio
import json
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, chdir
from importlib.util import find_spec
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from signalbox.gateway.command import build, main, parse
from signalbox.gateway.local import SandboxGateway
from tests.conftest import ROOT

PATIENCE = 30.0
NO_RUNTIME = pytest.mark.skipif(
    find_spec("awslambdaric") is None, reason="AWS's runtime client is for Linux only"
)
FUNCTION = """
import json, os
print("loaded")

def handler(event, context):
    if event["requestContext"]["routeKey"] != "$default":
        return {"statusCode": 200}
    if event["body"] == "raise":
        raise ValueError("SECRET" * 30_000)
    return {"statusCode": 200, "body": json.dumps([event["body"], os.environ.get("GREETING")])}
"""


@pytest.fixture
def task_root(tmp_path: Path) -> Path:
    (tmp_path / "greeter.py").write_text(FUNCTION)
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("<h1>hello</h1>")
    return tmp_path


@asynccontextmanager
async def command(task_root: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command with its output on pipes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "signalbox", "gateway", *arguments),
        cwd=task_root,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def serve(task_root: Path, *arguments: str) -> SandboxGateway:
    """The gateway of a command line, not started yet."""
    with chdir(task_root):
        return build(parse(arguments))


async def addresses(process: asyncio.subprocess.Process) -> dict[str, str]:
    """What the command prints when it is ready."""
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode() for _ in range(3)]
    return dict(re.split(r" +", line.strip()) for line in lines)


def run(arguments: list[str]) -> int:
    """Run the command in this process. Return its exit status."""
    try:
        return main(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1


@pytest.mark.parametrize(
    "sandbox",
    [
        pytest.param(["--sandbox", "runtime"], marks=NO_RUNTIME, id="runtime"),
        pytest.param(["--sandbox", "socket"], id="socket"),
        pytest.param(["--in-process"], id="in-process"),
    ],
)
async def test_function_is_served_and_logged_until_interrupted(task_root: Path, sandbox: list[str]) -> None:
    options = ["--handler", "greeter.handler", "--port", "0", "--stage", "dev", "--page", "page", *sandbox]
    async with command(task_root, *options, "--env", "GREETING=hi", "--sandboxes", "1") as process:
        printed = await addresses(process)
        async with connect(f"{printed['WebSocket']}?token=SECRET") as client:
            await client.send("hello")
            assert json.loads(await client.recv()) == ["hello", "hi"]
            await client.send("raise")
            assert json.loads(await client.recv())["message"] == "Internal server error"
        process.send_signal(signal.SIGINT)
        output, errors = await process.communicate()
    assert process.returncode == 0
    log = [line for line in errors.decode().splitlines() if re.match(r"\d\d:\d\d:\d\d\.\d{3} ", line)]
    assert [line.split()[2] for line in log] == ["$connect", "$default", "$default", "$disconnect"]
    assert "SECRET" not in "".join(log)
    assert "loaded" in (output + errors).decode()


async def test_log_is_json_and_shows_events_without_secrets_when_asked(task_root: Path) -> None:
    options = ["--handler", "greeter.handler", "--port", "0", "--sandbox", "socket", "--sandboxes", "1"]
    async with command(task_root, *options, "--log-format", "json", "--debug") as process:
        printed = await addresses(process)
        async with connect(f"{printed['WebSocket']}?token=SECRET"):
            pass
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    log = [json.loads(line) for line in errors.decode().splitlines() if line.startswith("{")]
    assert [line["route"] for line in log if "route" in line] == ["$connect", "$disconnect"]
    shown = [line["event"]["requestContext"]["eventType"] for line in log if "event" in line]
    assert shown == ["CONNECT", "DISCONNECT"]
    assert "SECRET" not in errors.decode()


ROUTER = """
import json

def handler(event, context):
    context = event["requestContext"]
    return {"statusCode": 200, "body": json.dumps([context["routeKey"], event["stageVariables"]])}
"""


async def test_custom_routes_and_stage_variables_are_taken_from_the_command_line(task_root: Path) -> None:
    (task_root / "router.py").write_text(ROUTER)
    options = ["--handler", "router.handler", "--port", "0", "--stage-variable", "table=dev"]
    routes = ["--route", "chat/join", "--route", "quiet", "--route-response", "chat/join"]
    selection = ["--route-selection", "${request.body.service}/${request.body.action}"]
    async with (
        asyncio.timeout(PATIENCE),
        serve(task_root, *options, *routes, *selection) as gateway,
        connect(gateway.websocket_url) as client,
    ):
        await client.send('{"service":"chat","action":"join"}')
        assert json.loads(await client.recv()) == ["chat/join", {"table": "dev"}]


GUARD = """
import os

def authorize(event, context):
    token = event["queryStringParameters"]["token"]
    if token != "good":
        raise Exception(token)
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "ann", "policyDocument": document, "context": {"pid": os.getpid()}}
"""
GUARDED = """
import json, os

def handler(event, context):
    said = event["requestContext"]["authorizer"]
    return {"statusCode": 200, "body": json.dumps([said["principalId"], said["pid"] == str(os.getpid())])}
"""


@pytest.mark.parametrize(
    "sandbox",
    [
        pytest.param(["--sandbox", "runtime"], marks=NO_RUNTIME, id="runtime"),
        pytest.param(["--sandbox", "socket"], id="socket"),
        pytest.param(["--in-process"], id="in-process"),
    ],
)
async def test_authorizer_runs_in_sandboxes_of_its_own(
    task_root: Path, sandbox: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The module of --in-process stays in this process, unless it is taken out afterwards.
    monkeypatch.setitem(sys.modules, "guarded", None)
    del sys.modules["guarded"]
    (task_root / "guard.py").write_text(GUARD)
    (task_root / "guarded.py").write_text(GUARDED)
    options = ["--handler", "guarded.handler", "--authorizer", "guard.authorize", "--port", "0", *sandbox]
    sources = ["--identity-source", "route.request.querystring.token"]
    async with asyncio.timeout(PATIENCE), serve(task_root, *options, *sources) as gateway:
        url = gateway.websocket_url
        for query, status in {"": 401, "?token=Unauthorized": 401, "?token=Unauthorized!": 500}.items():
            with pytest.raises(InvalidStatus) as refused:
                await connect(url + query)
            assert refused.value.response.status_code == status
        async with connect(f"{url}?token=good") as client:
            await client.send("who am I?")
            assert json.loads(await client.recv()) == ["ann", False]


POSTER = """
import json, boto3

def handler(event, context):
    if event["requestContext"]["routeKey"] == "$default":
        gateway = boto3.client("apigatewaymanagementapi")
        connection_id = event["requestContext"]["connectionId"]
        gateway.post_to_connection(ConnectionId=connection_id, Data=event["body"].encode())
    return {"statusCode": 200}
"""


async def test_function_signs_with_the_credentials_of_the_command_line(task_root: Path) -> None:
    (task_root / "poster.py").write_text(POSTER)
    options = ["--handler", "poster.handler", "--port", "0", "--credentials", "AKIAEXAMPLE:se:cret"]
    async with (
        asyncio.timeout(PATIENCE),
        serve(task_root, *options) as gateway,
        connect(gateway.websocket_url) as client,
    ):
        await client.send("echo")
        assert await client.recv() == "echo"


async def test_page_is_served_on_the_same_port(task_root: Path) -> None:
    options = ["--handler", "greeter.handler", "--port", "0", "--page", str(task_root / "page")]
    async with asyncio.timeout(PATIENCE), serve(task_root, *options) as gateway:
        page = gateway.page_url
        reader, writer = await asyncio.open_connection(*page.removeprefix("http://").strip("/").split(":"))
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        reply = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert reply.endswith(b"<h1>hello</h1>")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--handler", "greeter"], "signalbox gateway: handler 'greeter' is not of the form module.function"),
        (
            ["--handler", "a.b", "--host", "0.0.0.0"],
            "signalbox gateway: host '0.0.0.0' is not a loopback address",
        ),
        (["--handler", "a.b", "--page", "nowhere"], "signalbox gateway: page folder nowhere does not exist"),
        (["--handler", "a.b", "--port", "x"], "signalbox gateway: error: argument --port: invalid int"),
        (["--handler", "a.b", "--env", "x"], "signalbox gateway: error: argument --env: 'x' is not"),
        (["--handler", "a.b", "--route", "$mine"], "signalbox gateway: route key '$mine' is reserved"),
        (
            ["--handler", "a.b", "--route-response", "x"],
            "signalbox gateway: a route response belongs to a missing route",
        ),
        (["--handler", "a.b", "--route-selection", "$x"], "signalbox gateway: route selection '$x' is not"),
        (["--handler", "a.b", "--stage-variable", "x"], "signalbox gateway: error: argument --stage-v"),
        (["--handler", "a.b", "--authorizer", "x"], "signalbox gateway: authorizer 'x' is not of the form"),
        (["--handler", "a.b", "--identity-source", "x"], "signalbox gateway: identity source 'x' is not"),
        (
            ["--handler", "a.b", "--credentials", "x"],
            "signalbox gateway: error: argument --credentials",
        ),
        (["--handler", "a.b", "--credentials", "a/b:c"], "signalbox gateway: an access key id has"),
        (["--handler", "a.b", "--what"], "signalbox gateway: error: unrecognized arguments: --what"),
        ([], "signalbox gateway: error: one of the arguments --handler --template is required"),
    ],
)
def test_complaint_is_one_line_when_an_option_makes_no_sense(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    status = run(arguments)
    output, errors = capsys.readouterr()
    assert status == (2 if ": error: " in complaint else 1)
    assert output == ""
    assert errors.splitlines()[-1].startswith(complaint)


async def test_complaint_is_one_line_when_the_port_is_busy(task_root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with command(task_root, "--handler", "greeter.handler", "--port", str(port)) as process:
            _, errors = await process.communicate()
    assert process.returncode == 1
    assert (
        errors.decode() == f"signalbox gateway: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    )
