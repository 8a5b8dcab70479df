"""A Lambda function as all of ours are: ARM, our own role and log group, JSON logs, nothing by default."""

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from .findings import acknowledge
from .stage import Stage

RUNTIME = lambda_.Runtime.PYTHON_3_14

SYNCHRONOUS = "API Gateway invokes it synchronously, which a dead-letter queue knows nothing of"
"""Why those do without one whom somebody waits for."""


class Function(Construct):
    """One entry point of `handlers/`, with the permission to write its own log and no other.

    `handler` is its import string, `timeout` in seconds. `undelivered` says why it does without a dead-letter
    queue. With `provisioned` sandboxes kept warm, `target` is an alias, else the function itself.
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
            environment={"POWERTOOLS_SERVICE_NAME": f"signalbox-{stage.name}", **environment},
            role=self.role,
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE if stage.tracing else lambda_.Tracing.DISABLED,
        )
        self.target = self._warm(provisioned) if provisioned else self._function
        acknowledge(self, "Serverless-LambdaDLQ", undelivered)
        self._acknowledge_tracing(stage)

    @property
    def name(self) -> str:
        """Its name."""
        return self._function.function_name

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
            acknowledge(self, "AwsSolutions-IAM5[Resource::*]", "X-Ray takes traces for no resource but *")
        else:
            acknowledge(self, "Serverless-LambdaTracing", "a setting of the stage, on in production")


def retention(stage: Stage) -> logs.RetentionDays:
    """How long the stage keeps its logs."""
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
