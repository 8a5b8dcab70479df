"""The sweep: once a minute, it ends connections that have sent no heartbeat (G7)."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from .findings import acknowledge
from .function import Function
from .stage import Stage

EVERY = Duration.minutes(1)

TIMEOUT = 50
"""Seconds, fewer than a minute, so that two sweeps seldom overlap."""


class Sweeper(Construct):
    """The function and its schedule. A failed sweep is not repeated, because the next one does its work."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        stage: Stage,
        code: lambda_.Code,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(scope, name)
        made_up_for = "the work of a sweep that did not run is done by the next"
        self.function = Function(
            self,
            "Function",
            stage=stage,
            code=code,
            handler="handlers.sweeper.handler",
            timeout=TIMEOUT,
            environment=environment,
            undelivered=made_up_for,
        )
        target = self.function.target
        target.configure_async_invoke(retry_attempts=0, max_event_age=EVERY)
        events.Rule(
            self,
            "Clock",
            description=f"Starts the sweep of {stage.title}",
            schedule=events.Schedule.rate(EVERY),
            targets=[targets.LambdaFunction(target)],
        )
        for finding in ("EventBusDLQ", "LambdaAsyncFailureDestination"):
            acknowledge(self, f"Serverless-{finding}", made_up_for)
