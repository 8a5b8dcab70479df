"""A real-time backend as one construct: `RealtimeBackend` joins the constructs of each capability."""

from collections.abc import Mapping

import jsii
from aws_cdk import CfnOutput
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IValidation

from .account import AccountLogs
from .alarms import Alarms
from .authorizer import Authorizer
from .dashboard import Dashboard
from .deployment import DeploymentSettings
from .domain import CustomDomain
from .errors import BackendError
from .fanout import FanOut
from .function import SYNCHRONOUS, Function
from .metrics import Watched
from .resources import OwnResources, Resource, Value
from .sweeper import Sweeper
from .table import ConnectionTable
from .variables import Variables, find_settings
from .websocket_api import WebSocketApi

WEBSOCKET_TIMEOUT = 25
"""Seconds. API Gateway waits for 29, and a client hears nothing of an invocation that Lambda cuts off."""

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
"""The DynamoDB actions that each function calls. `make iam-proof` shows what each is for."""

METHODS = ("POST", "DELETE")
"""A function that sends frames also closes the connections that do not read them."""

SETTINGS = "handlers.settings:Settings"
"""The application's settings, as an import string."""


class RealtimeBackend(Construct):
    """Everything a stage consists of: table, API, authorizer, functions, fan-out, sweep, alarms, dashboard.

    Give it the id "Default". The CDK leaves that id out of logical ids, so they are the same as if the
    resources were the stack's own.

    `settings` is the import string of the application's settings class, a pydantic model. Every variable
    that it requires must be set here, or the synth fails. A module that does not exist is passed over.

        backend = RealtimeBackend(self, "Default", deployment)
        backend.environment(GREETING="hello")
        backend.grant(bucket)
        orders = backend.queue("orders")
    """

    def __init__(
        self, scope: Construct, name: str, deployment: DeploymentSettings, *, settings: str = SETTINGS
    ) -> None:
        super().__init__(scope, name)
        self.stage = deployment.stage
        self._deployment = deployment
        emulator = deployment.emulator
        self.table = ConnectionTable(self, "Connections", retain=self.stage.retain)
        self.api = WebSocketApi(self, "WebSocket", stage=self.stage, emulator=emulator)
        if self.stage.account_logs:
            self.api.deployed.add_resource_dependency(AccountLogs(self, "AccountLogs").setting)
        self.fanout = FanOut(self, "FanOut", emulated=emulator is not None)
        self.authorizer = self._authorizer()
        self.websocket = self._websocket()
        self.worker = self._worker()
        self.sweeper = self._sweeper()
        self._variables = Variables(find_settings(settings), [each.variables for each in self.functions])
        self._resources = OwnResources(self, self.functions, self._variables)
        self._watch()
        self._describe()
        self.node.add_validation(_Completeness(self._variables))

    @property
    def functions(self) -> tuple[Function, ...]:
        """Every function that runs code of the application."""
        return self.websocket, self.worker, self.sweeper

    def environment(self, **values: Value) -> None:
        """Set variables of every function that runs code of the application.

        A value that is a secret or a parameter, or the ARN of one, is set as the ARN, and the functions may
        read it. Raises BackendError for a variable that the framework sets.

            backend.environment(REGION_NAME="north", STRIPE_KEY=secret)
        """
        self._resources.environment(values)

    def grant(self, resource: Resource, *actions: str) -> None:
        """Allow the application's functions to use a resource.

        Without `actions`: read and write a table or a bucket, send to a queue, publish to a topic, read a
        secret or a parameter. With them, these IAM actions only ("dynamodb:GetItem").
        """
        self._resources.grant(resource, *actions)

    def queue(self, name: str) -> sqs.Queue:
        """Make a queue with a dead-letter queue that the application's functions may send to.

        They find its address in a variable: `queue("orders")` sets `ORDERS_QUEUE_URL`.
        """
        return self._resources.queue(name)

    def check(self) -> None:
        """Raise BackendError if the application requires a variable that the stack does not set."""
        for problem in self._variables.missing():
            raise BackendError(problem)

    def _authorizer(self) -> Authorizer:
        authorizer = Authorizer(
            self,
            "Authorizer",
            stage=self.stage,
            code=self._deployment.code["authorizer"],
            environment={"TABLE_NAME": self.table.name},
        )
        self.table.grant(authorizer.function.role, "PutItem")  # of spent tickets
        return authorizer

    def _websocket(self) -> Function:
        function = Function(
            self,
            "WebSocketFunction",
            stage=self.stage,
            code=self._deployment.code["websocket"],
            handler="handlers.websocket.handler",
            timeout=WEBSOCKET_TIMEOUT,
            environment={**self._environment(), "TICKET_SECRET": self.authorizer.secret_arn},
            undelivered=SYNCHRONOUS,
            provisioned=self.stage.provisioned_concurrency,
        )
        self.table.grant(function.role, *WEBSOCKET_ACTIONS)
        self.authorizer.allow_reading_tickets(function.role)
        self.fanout.allow_sending(function.role)
        self.api.grant_connections(function.role, *METHODS)
        self.api.route(function.target, authorizer=self.authorizer.of_route)
        return function

    def _worker(self) -> Function:
        code = self._deployment.code["websocket"]
        worker = self.fanout.serve(stage=self.stage, code=code, environment=self._environment())
        self.table.grant(worker.role, *WORKER_ACTIONS)
        self.api.grant_connections(worker.role, *METHODS)
        return worker

    def _sweeper(self) -> Function:
        code = self._deployment.code["websocket"]
        sweeper = Sweeper(self, "Sweeper", stage=self.stage, code=code, environment=self._environment())
        self.table.grant(sweeper.function.role, *SWEEPER_ACTIONS)
        self.api.grant_connections(sweeper.function.role, *METHODS)
        return sweeper.function

    def _environment(self) -> dict[str, str]:
        return {
            "TABLE_NAME": self.table.name,
            "MANAGEMENT_ENDPOINT": self.api.management_endpoint,
            "FANOUT_QUEUE_URL": self.fanout.queue.queue_url,
            "SEND_BUDGET": str(self.stage.send_budget),
            "FANOUT_CONCURRENCY": str(self.stage.fanout_concurrency),
            "DEMO": str(self.stage.demo).lower(),
            "DEBUG": str(self.stage.debug).lower(),
            **self.stage.limits.environment,
        }

    def _watch(self) -> None:
        functions: Mapping[str, Function] = {
            "WebSocket": self.websocket,
            "Worker": self.worker,
            "Sweeper": self.sweeper,
            "Authorizer": self.authorizer.function,
        }
        watched = Watched(
            prefix=self.stage.prefix,
            stage=self.stage.name,
            functions={title: (each.name, each.timeout) for title, each in functions.items()},
            api_id=self.api.id,
            table=self.table.name,
            queue=self.fanout.queue.queue_name,
            dead_letters=self.fanout.dead_letters.queue_name,
        )
        shares = self._deployment.emulator is None
        alarms = Alarms(self, "Alarms", watched=watched, email=self.stage.alarm_email, shares=shares)
        Dashboard(self, "Overview", watched=watched, alarms=alarms.all, memory=self.stage.memory)

    def _describe(self) -> None:
        for name, value, description in (
            ("WebSocketUrl", self._domain() or self.api.url, "Where clients connect"),
            ("ManagementEndpoint", self.api.management_endpoint, "Where @connections is"),
            ("TicketSecretArn", self.authorizer.secret_arn, "What a backend signs tickets with"),
            ("TableName", self.table.name, "The connection store"),
        ):
            CfnOutput(self, name, value=value, description=description)

    def _domain(self) -> str | None:
        """Put the stage's domain in front of the API, and return where clients connect then."""
        domain = self.stage.domain
        if domain is None:
            return None
        custom = CustomDomain(
            self,
            "CustomDomain",
            domain_name=domain.name,
            certificate_arn=domain.certificate_arn,
            api_id=self.api.id,
            stage=self.api.deployed.ref,
        )
        target = "What the domain's DNS record names"
        CfnOutput(self, "DomainTarget", value=custom.target, description=target)
        return custom.url


@jsii.implements(IValidation)
class _Completeness:
    """Fails every synth in which a required variable is missing, however the synth was started."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables

    def validate(self) -> list[str]:
        """List what is missing."""
        return self._variables.missing()
