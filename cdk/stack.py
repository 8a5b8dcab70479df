"""Everything a stage consists of, and how it is joined."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from signalbox.constructs.account import AccountLogs
from signalbox.constructs.alarms import Alarms
from signalbox.constructs.authorizer import Authorizer
from signalbox.constructs.dashboard import Dashboard
from signalbox.constructs.domain import CustomDomain
from signalbox.constructs.fanout import FanOut
from signalbox.constructs.function import SYNCHRONOUS, Function
from signalbox.constructs.metrics import Watched
from signalbox.constructs.stage import Stage
from signalbox.constructs.sweeper import Sweeper
from signalbox.constructs.table import ConnectionTable
from signalbox.constructs.websocket_api import WebSocketApi

WEBSOCKET_TIMEOUT = 25
"""Seconds: API Gateway waits for 29, and what is cut off by Lambda is told to nobody."""

WEBSOCKET_ACTIONS = (
    "GetItem",
    "BatchGetItem",
    "Query",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
)
WORKER_ACTIONS = ("GetItem", "Query", "UpdateItem", "BatchWriteItem")
SWEEPER_ACTIONS = ("GetItem", "Query", "UpdateItem", "BatchWriteItem")
"""What the store's methods need that each function calls: `make iam-proof` shows what for."""

METHODS = ("POST", "DELETE")
"""Whoever sends frames also closes the connections that do not read them."""


class RealtimeStack(Stack):
    """One stage of Signalbox.

    `code` is what each function runs. `emulator` is the address of an emulator of AWS to deploy to instead;
    `docs/deploying.md` lists what differs there.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        stage: Stage,
        code: Mapping[str, lambda_.Code],
        env: Environment | None = None,
        emulator: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            f"signalbox-{stage.name}",
            description=f"Signalbox, stage {stage.name}: a real-time backend",
            env=env,
            termination_protection=stage.retain,
        )
        self._stage = stage
        self._emulator = emulator
        self._table = ConnectionTable(self, "Connections", retain=stage.retain)
        self._api = WebSocketApi(self, "WebSocket", stage=stage, emulator=emulator)
        if stage.account_logs:
            self._api.deployed.add_resource_dependency(AccountLogs(self, "AccountLogs").setting)
        self._fanout = FanOut(self, "FanOut", emulated=emulator is not None)
        authorizer = self._authorizer(code["authorizer"])
        websocket = self._websocket(code["websocket"], authorizer)
        worker = self._worker(code["websocket"])
        sweeper = self._sweeper(code["websocket"])
        self._watch(
            {"WebSocket": websocket, "Worker": worker, "Sweeper": sweeper, "Authorizer": authorizer.function}
        )
        self._describe(authorizer)

    def _authorizer(self, code: lambda_.Code) -> Authorizer:
        authorizer = Authorizer(
            self,
            "Authorizer",
            stage=self._stage,
            code=code,
            environment={"TABLE_NAME": self._table.name},
        )
        self._table.grant(authorizer.function.role, "PutItem")  # of spent tickets
        return authorizer

    def _websocket(self, code: lambda_.Code, authorizer: Authorizer) -> Function:
        function = Function(
            self,
            "WebSocketFunction",
            stage=self._stage,
            code=code,
            handler="handlers.websocket.handler",
            timeout=WEBSOCKET_TIMEOUT,
            environment={**self._environment(), "TICKET_SECRET": authorizer.secret_arn},
            undelivered=SYNCHRONOUS,
            provisioned=self._stage.provisioned_concurrency,
        )
        self._table.grant(function.role, *WEBSOCKET_ACTIONS)
        authorizer.allow_reading_tickets(function.role)
        self._fanout.allow_sending(function.role)
        self._api.grant_connections(function.role, *METHODS)
        self._api.route(function.target, authorizer=authorizer.of_route)
        return function

    def _worker(self, code: lambda_.Code) -> Function:
        worker = self._fanout.serve(stage=self._stage, code=code, environment=self._environment())
        self._table.grant(worker.role, *WORKER_ACTIONS)
        self._api.grant_connections(worker.role, *METHODS)
        return worker

    def _sweeper(self, code: lambda_.Code) -> Function:
        sweeper = Sweeper(self, "Sweeper", stage=self._stage, code=code, environment=self._environment())
        self._table.grant(sweeper.function.role, *SWEEPER_ACTIONS)
        self._api.grant_connections(sweeper.function.role, *METHODS)
        return sweeper.function

    def _environment(self) -> dict[str, str]:
        return {
            "TABLE_NAME": self._table.name,
            "MANAGEMENT_ENDPOINT": self._api.management_endpoint,
            "FANOUT_QUEUE_URL": self._fanout.queue.queue_url,
            "SEND_BUDGET": str(self._stage.send_budget),
            "FANOUT_CONCURRENCY": str(self._stage.fanout_concurrency),
            "DEMO": str(self._stage.demo).lower(),
            **self._stage.limits.environment,
        }

    def _watch(self, functions: Mapping[str, Function]) -> None:
        watched = Watched(
            stage=self._stage.name,
            functions={title: (each.name, each.timeout) for title, each in functions.items()},
            api_id=self._api.id,
            table=self._table.name,
            queue=self._fanout.queue.queue_name,
            dead_letters=self._fanout.dead_letters.queue_name,
        )
        alarms = Alarms(
            self,
            "Alarms",
            watched=watched,
            email=self._stage.alarm_email,
            shares=self._emulator is None,
        )
        Dashboard(self, "Overview", watched=watched, alarms=alarms.all, memory=self._stage.memory)

    def _describe(self, authorizer: Authorizer) -> None:
        url = self._api.url
        if domain := self._stage.domain:
            custom = CustomDomain(
                self,
                "CustomDomain",
                domain_name=domain.name,
                certificate_arn=domain.certificate_arn,
                api_id=self._api.id,
                stage=self._api.deployed.ref,
            )
            url = custom.url
            CfnOutput(
                self, "DomainTarget", value=custom.target, description="What the domain's DNS record names"
            )
        for name, value, description in (
            ("WebSocketUrl", url, "Where clients connect"),
            ("ManagementEndpoint", self._api.management_endpoint, "Where @connections is"),
            ("TicketSecretArn", authorizer.secret_arn, "What a backend signs tickets with"),
            ("TableName", self._table.name, "The connection store"),
        ):
            CfnOutput(self, name, value=value, description=description)
