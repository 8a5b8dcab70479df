"""What boto3 and the AWS CLI make of refused `@connections` calls: W13, W17, W19, W20, W23."""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

import boto3
import pytest
from botocore.config import Config as SdkConfig
from botocore.exceptions import ClientError

from signalbox.dev.environments import PEERS
from signalbox.gateway.config import Credentials, Throttle
from signalbox.gateway.gateway import Gateway, wall_clock
from tests.conformance.scripted import ScriptedFunction, connect, running

UNKNOWN = "AAAAAAAAAAAAAAA="
PATIENCE = 60.0
Judge = Callable[[Gateway, str, bytes], Awaitable[str]]


async def by_boto3(gateway: Gateway, connection_id: str, data: bytes) -> str:
    """The exception boto3 raises for a post: a class of its own, where the service's model has one."""
    options = SdkConfig(retries={"total_max_attempts": 1})
    sdk: Any = boto3.client("apigatewaymanagementapi", endpoint_url=gateway.endpoint, config=options)
    with pytest.raises(ClientError) as caught:
        await asyncio.to_thread(sdk.post_to_connection, ConnectionId=connection_id, Data=data)
    sdk.close()
    code = str(caught.value.response["Error"]["Code"])
    modelled = {shape.name for shape in sdk.meta.service_model.error_shapes}
    assert code not in modelled or caught.type is getattr(sdk.exceptions, code)
    return code


PROGRAM = """
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver

for line in sys.stdin:
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        create_clidriver().main(json.loads(line))
    print(json.dumps(errors.getvalue()), flush=True)
"""


@pytest.fixture(scope="module")
def command_line() -> Iterator["subprocess.Popen[str]"]:
    """The AWS CLI in a process that runs one command after the other. Starting it takes a second."""
    python = PEERS.folder / "bin" / "python"
    if not (PEERS.folder / "bin" / "aws").exists():
        if "CI" in os.environ:
            pytest.fail("the AWS CLI is missing: signalbox dev --setup --peers")
        pytest.skip("the AWS CLI is asked too where it is installed: make test does so")
    environment = os.environ | {"AWS_MAX_ATTEMPTS": "1"}
    with subprocess.Popen(
        [python, "-c", PROGRAM], env=environment, stdin=PIPE, stdout=PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.fixture
def by_command_line(command_line: "subprocess.Popen[str]", tmp_path: Path) -> Judge:
    """The exception that the AWS CLI names for a post."""
    stdin, stdout = command_line.stdin, command_line.stdout
    assert stdin
    assert stdout

    async def post(gateway: Gateway, connection_id: str, data: bytes) -> str:
        file = tmp_path / "data"
        file.write_bytes(data)
        arguments = ["apigatewaymanagementapi", "post-to-connection", "--endpoint-url", gateway.endpoint]
        arguments += ["--connection-id", connection_id, "--data", f"fileb://{file}"]
        print(json.dumps(arguments), file=stdin, flush=True)
        async with asyncio.timeout(PATIENCE):
            errors = json.loads(await asyncio.to_thread(stdout.readline))
        named = re.search(r"An error occurred \((\w+)\) when calling the PostToConnection", errors)
        return named[1] if named else f"none {errors}"

    return post


@pytest.fixture(params=["boto3", "aws"])
def judge(request: pytest.FixtureRequest) -> Judge:
    """Each of the two."""
    if request.param == "boto3":
        return by_boto3
    chosen: Judge = request.getfixturevalue("by_command_line")
    return chosen


async def test_w19_gone_exception_is_raised_for_an_unknown_connection(judge: Judge) -> None:
    async with running(ScriptedFunction()) as gateway:
        assert await judge(gateway, UNKNOWN, b"x") == "GoneException"


async def test_w20_bad_request_exception_is_raised_for_a_malformed_id(judge: Judge) -> None:
    async with running(ScriptedFunction()) as gateway:
        assert await judge(gateway, "nonsense", b"x") == "BadRequestException"


async def test_w23_payload_too_large_exception_is_raised_above_128_kb(judge: Judge) -> None:
    function = ScriptedFunction()
    async with running(function) as gateway, connect(gateway):
        connection_id = (await function.next("$connect"))["requestContext"]["connectionId"]
        assert await judge(gateway, connection_id, b"x" * 131_073) == "PayloadTooLargeException"


async def test_w17_limit_exceeded_exception_is_raised_when_throttled(judge: Judge) -> None:
    async with running(ScriptedFunction(), throttle=Throttle(rate=0, burst=0)) as gateway:
        assert await judge(gateway, UNKNOWN, b"x") == "LimitExceededException"


async def test_w13_w17_forbidden_exception_is_raised_for_a_strangers_signature(judge: Judge) -> None:
    ours = Credentials("AKIAEXAMPLE", "another")
    async with running(ScriptedFunction(), now=wall_clock, credentials=ours) as gateway:
        assert await judge(gateway, UNKNOWN, b"x") == "ForbiddenException"
