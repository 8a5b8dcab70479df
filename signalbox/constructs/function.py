"""A Lambda function with what all of ours share: ARM, a role and a log group of its own, JSON logs."""

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from .bundling import PYTHON
from .findings import acknowledge
from .stage import Stage

RUNTIME = lambda_.Runtime(f"python{PYTHON}", lambda_.RuntimeFamily.PYTHON)

NEWER = "the unit and contract tests pass on this Python, and nothing has been tested on a newer one"
"""Why the runtime is not the newest that Lambda has."""

SYNCHRONOUS = "API Gateway invokes it synchronously, and dead-letter queues serve asynchronous calls"
"""Why a function that a client waits for has no dead-letter queue."""


class Function(Construct):
    """One entry point of `handlers/`, with the permission to write its own log and no other.

    `handler` is its import string, and `timeout` is in seconds. `undelivered` says why it has no dead-letter
    queue. If `provisioned` sandboxes are kept warm, `target` is an alias, else it is the function itself.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        stage: Stage,
        code: lambda_.Code,
        handler: str,
        timeout: int,
        environment: Mapping[str, str],
        undelivered: str,
        provisioned: int = 0,
    ) -> None:
        super().__init__(scope, name)
        self.timeout = timeout
        variables = {**_logging(stage), **environment}
        self._variables = set(variables)
        self.log_group = logs.LogGroup(
            self, "Log", retention=retention(stage), removal_policy=RemovalPolicy.DESTROY
        )
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log_group.grant_write(self.role)
        self._function = lambda_.Function(
            self,
            "Function",
            code=code,
            handler=handler,
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=stage.memory,
            timeout=Duration.seconds(timeout),
            environment=variables,
            role=self.role,
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            # Lambda itself drops lines of JSON that are less severe than this, whatever Powertools writes.
            application_log_level_v2=_LAMBDA_LEVEL[stage.log_level],
            tracing=lambda_.Tracing.ACTIVE if stage.tracing else lambda_.Tracing.DISABLED,
        )
        self.target = self._warm(provisioned) if provisioned else self._function
        acknowledge(self, "Serverless-LambdaDLQ", undelivered)
        for finding in ("AwsSolutions-L1", "Serverless-LambdaLatestVersion"):
            acknowledge(self, finding, NEWER)
        self._acknowledge_tracing(stage)

    @property
    def name(self) -> str:
        """Its name."""
        return self._function.function_name

    @property
    def variables(self) -> frozenset[str]:
        """The names of the variables that are set."""
        return frozenset(self._variables)

    def add_environment(self, name: str, value: str) -> None:
        """Set one more variable."""
        self._variables.add(name)
        self._function.add_environment(name, value)

    def _warm(self, sandboxes: int) -> lambda_.IFunction:
        return lambda_.Alias(
            self,
            "Live",
            alias_name="live",
            version=self._function.current_version,
            provisioned_concurrent_executions=sandboxes,
        )

    def _acknowledge_tracing(self, stage: Stage) -> None:
        if stage.tracing:
            acknowledge(self, "AwsSolutions-IAM5[Resource::*]", "X-Ray takes traces for the resource * only")
        else:
            acknowledge(self, "Serverless-LambdaTracing", "a setting of the stage, on in production")


def _logging(stage: Stage) -> dict[str, str]:
    return {"POWERTOOLS_SERVICE_NAME": stage.prefix, "POWERTOOLS_LOG_LEVEL": stage.log_level}


def retention(stage: Stage) -> logs.RetentionDays:
    """Return how long the stage keeps its logs."""
    return _RETENTION[stage.log_retention_days]


_RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}

_LAMBDA_LEVEL = {
    "DEBUG": lambda_.ApplicationLogLevel.DEBUG,
    "INFO": lambda_.ApplicationLogLevel.INFO,
    "WARNING": lambda_.ApplicationLogLevel.WARN,
    "ERROR": lambda_.ApplicationLogLevel.ERROR,
    "CRITICAL": lambda_.ApplicationLogLevel.FATAL,
}
