"""Templates at work: each route leads to its own function, each API has its own `@connections`."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from signalbox.gateway import Config, ConfigError
from signalbox.gateway.template import TemplateGateway

TEMPLATES = Path(__file__).with_name("templates")
PATIENCE = 30.0


async def ask(client: ClientConnection, **message: str) -> Any:
    """The next thing a client hears after it said something."""
    async with asyncio.timeout(PATIENCE):
        await client.send(json.dumps(message))
        return json.loads(await client.recv())


@pytest.fixture(params=["runtime", "socket"])
async def two_apis(request: pytest.FixtureRequest) -> AsyncIterator[TemplateGateway]:
    config = Config(port=0, sandboxes=1, sandbox=request.param)
    parameters = {"Room": "attic", "Timeout": "3"}
    async with TemplateGateway(TEMPLATES / "two_apis.yaml", config, parameters) as gateway:
        yield gateway


async def test_stack_of_cdk_is_served_with_its_authorizer_environment_and_timeout() -> None:
    config = Config(port=0, sandboxes=1, environment={"TABLE_NAME": "mine"})
    async with TemplateGateway(TEMPLATES / "cdk" / "Chat.template.json", config) as gateway:
        with pytest.raises(InvalidStatus) as refused:
            await connect(gateway.websocket_url)
        assert refused.value.response.status_code == 401
        async with connect(f"{gateway.websocket_url}?token=ann") as client:
            assert await ask(client) == {
                "api": "ApiF70053CD",
                "principal": "ann",
                "table": "mine",
                "callback": gateway.endpoint,
                "function": "Handler886CB40B",
                "seconds": 10,
            }


async def test_routes_reach_their_own_functions_with_their_environment(two_apis: TemplateGateway) -> None:
    assert list(two_apis.stages) == ["Chat/dev", "Audit/dev"]
    chat, audit = two_apis.stages.values()
    async with connect(chat.websocket_url) as client:
        joined = await ask(client, service="chat", action="join")
        assert joined == ["chat/join", {"colour": "blue"}, "attic", "two_apis-chat"]
        assert await ask(client, action="other") == {
            "stage": "dev",
            "endpoint": chat.endpoint,
            "function": "AuditFunction",
        }
    async with connect(audit.websocket_url) as client:
        assert (await ask(client))["endpoint"] == audit.endpoint


async def test_function_that_takes_too_long_for_its_own_timeout_is_killed(two_apis: TemplateGateway) -> None:
    async with connect(two_apis.stages["Audit/dev"].websocket_url) as client, asyncio.timeout(PATIENCE):
        await client.send("sleep")
        assert json.loads(await client.recv())["message"] == "Internal server error"
        assert (await ask(client))["function"] == "AuditFunction"


async def test_function_posts_to_the_address_its_template_wrote(two_apis: TemplateGateway) -> None:
    async with connect(two_apis.stages["Chat/dev"].websocket_url) as client:
        said = {"service": "chat", "action": "say", "text": "hello"}
        assert await ask(client, **said) == said
        assert await ask(client, **said) == said
        throttled = await ask(client, **said)
        assert throttled["message"] == "Too Many Requests", "the route has a burst of two and no rate"


async def test_connections_of_one_api_are_gone_at_the_other(two_apis: TemplateGateway) -> None:
    async with connect(two_apis.stages["Chat/dev"].websocket_url) as client:
        connection_id = json.loads(await own_frame(client))["connectionId"]
        for path, status in {"Chat/dev": "200", "Audit/dev": "410", "dev": "403"}.items():
            assert await status_of(two_apis, f"/{path}/@connections/{connection_id}") == status


async def own_frame(client: ClientConnection) -> str | bytes:
    """What the gateway itself says, with the connection's id, when the burst of a route is used up."""
    async with asyncio.timeout(PATIENCE):
        for _ in range(3):
            await client.send('{"service": "chat", "action": "say"}')
            frame = await client.recv()
        return frame


async def status_of(gateway: TemplateGateway, path: str) -> str:
    """The status a GET is answered with."""
    host, port = gateway.page_url.removeprefix("http://").strip("/").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    async with asyncio.timeout(PATIENCE):
        writer.write(f"GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
        head = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return head.decode().split()[1]


@pytest.mark.parametrize("path", ["dev", "Chat", "Chat/prod", "Chat/dev/more", "chat/dev"])
async def test_handshake_is_403_when_its_path_is_no_stage(two_apis: TemplateGateway, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{two_apis.page_url.replace('http', 'ws')}{path}")
    assert refused.value.response.status_code == 403


def test_template_is_refused_when_several_functions_are_to_run_in_this_process() -> None:
    with pytest.raises(ConfigError, match="in_process runs one function, but the routes have 3"):
        TemplateGateway(TEMPLATES / "two_apis.yaml", Config(in_process=True))


async def test_function_of_a_template_runs_in_this_process_when_it_is_the_only_one() -> None:
    config = Config(port=0, in_process=True)
    async with (
        TemplateGateway(TEMPLATES / "cdk" / "Chat.template.json", config) as gateway,
        connect(f"{gateway.websocket_url}?token=ann") as client,
    ):
        assert (await ask(client))["principal"] == "ann"


def test_template_is_refused_when_something_in_it_refers_to_itself(tmp_path: Path) -> None:
    (tmp_path / "circle.yaml").write_text(
        "Resources: {A: {Type: AWS::X::Y, Condition: C}}\nConditions: {C: !Condition C}"
    )
    with pytest.raises(ConfigError, match=r"circle\.yaml: something in it refers to itself"):
        TemplateGateway(tmp_path / "circle.yaml", Config())
