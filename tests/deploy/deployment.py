"""A stage as the CDK's own command deploys it, and the people who connect to it."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from signalbox.client.tokens import mint_ticket
from signalbox.dev.engine import REGION
from tests.conftest import ROOT
from tests.deploy.emulator import ACCOUNT, Emulator

PATIENCE = 300


class Deployment:
    """The stage `dev` of `cdk.json` on an emulator."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self._folder = folder
        self.before: dict[str, list[str]] = {}
        self._settings = json.loads((ROOT / "cdk.json").read_text())["context"]
        self.origin = self._settings["stages"]["dev"]["origins"][0]

    def bootstrap(self) -> None:
        """Prepare the account, which is empty."""
        self._cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}")

    def deploy(self, **changes: Any) -> None:
        """Deploy the stage with some of its settings changed."""
        self._synth(changes)
        self._cdk(
            "deploy", "--app", "cdk.out", "--require-approval", "never", "--outputs-file", "outputs.json"
        )
        (self.outputs,) = json.loads((self._folder / "outputs.json").read_text()).values()

    def destroy(self) -> None:
        """Remove everything."""
        self._cdk("destroy", "--app", "cdk.out", "--force")

    @cached_property
    def secret(self) -> str:
        """What tickets are signed with."""
        client = self.emulator.client("secretsmanager")
        return str(client.get_secret_value(SecretId=self.outputs["TicketSecretArn"])["SecretString"])

    def ticket(self, user_id: str) -> str:
        """A ticket for one connection from the page of the stage."""
        return mint_ticket(self.secret, user=user_id, origin=self.origin)

    def connect(
        self, query: str = "", origin: str | None = None
    ) -> AbstractAsyncContextManager[ClientConnection]:
        """A connection from the stage's own page unless another `origin` is given."""
        return connect(
            self.outputs["WebSocketUrl"] + query,
            origin=origin or self.origin,  # type: ignore[arg-type]  # a NewType of str
            ssl=self.emulator.tls,
            proxy=None,
            open_timeout=60,
            ping_interval=None,
        )

    def connected(self) -> int:
        """How many of the table's connections API Gateway knows of, too."""
        gateway = self.emulator.client("apigatewaymanagementapi", self.outputs["ManagementEndpoint"])
        gone = 0
        connections = [row for row in self.rows() if row["pk"]["S"].startswith("conns#")]
        for row in connections:
            try:
                gateway.get_connection(ConnectionId=row["sk"]["S"])
            except gateway.exceptions.GoneException:
                gone += 1
        return len(connections) - gone

    def rows(self) -> list[dict[str, Any]]:
        """Every row of the table."""
        table = self.outputs["TableName"]
        found: list[dict[str, Any]] = self.emulator.client("dynamodb").scan(TableName=table)["Items"]
        return found

    def stop_clock(self) -> None:
        """From now on nobody sweeps by themselves."""
        events = self.emulator.client("events")
        (rule,) = events.list_rules()["Rules"]
        events.disable_rule(Name=rule["Name"])

    @contextmanager
    def losing_disconnects(self) -> Iterator[None]:
        """Inside, API Gateway tells nobody who has gone (F01)."""
        client = self.emulator.client("apigatewayv2")
        (api,) = client.get_apis()["Items"]
        routes = client.get_routes(ApiId=api["ApiId"])["Items"]
        (route,) = (each for each in routes if each["RouteKey"] == "$disconnect")
        client.update_route(ApiId=api["ApiId"], RouteId=route["RouteId"], Target="integrations/none")
        try:
            yield
        finally:
            client.update_route(ApiId=api["ApiId"], RouteId=route["RouteId"], Target=route["Target"])

    def _synth(self, changes: dict[str, Any]) -> None:
        stages = self._settings["stages"]
        stages = {**stages, "dev": {**stages["dev"], **changes}}
        context = {**self._settings, "stages": stages, "emulator": self.emulator.url}
        # Without the emulator's variables: bundling asks the package index, whose certificate is another.
        _run(
            [sys.executable, ROOT / "app.py"],
            ROOT,
            CDK_CONTEXT_JSON=json.dumps(context),
            CDK_OUTDIR=str(self._folder / "cdk.out"),
        )

    def _cdk(self, *arguments: str | Path) -> None:
        # In a folder without cdk.json: there is no app to run, only the assembly.
        _run([ROOT / "node_modules" / ".bin" / "cdk", *arguments], self._folder, **self.emulator.environment)


def _run(command: list[str | Path], folder: Path, **environment: str) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME")}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**kept, "CDK_DISABLE_CLI_TELEMETRY": "true", **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"


async def ask(connection: ClientConnection, **request: Any) -> dict[str, Any]:
    """Send a request, and return the reply to it; pushes that come first are passed over."""
    await connection.send(json.dumps({**request, "id": "asked"}))
    while True:
        frame = await hear(connection)
        if frame.get("id") == "asked" or frame.get("message"):
            return frame


async def hear(connection: ClientConnection) -> dict[str, Any]:
    """Return the next frame."""
    async with asyncio.timeout(120):
        frame: dict[str, Any] = json.loads(await connection.recv())
    return frame
