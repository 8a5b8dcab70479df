"""The infrastructure of a stage: the framework's backend, and the resources that you add to it."""

from aws_cdk import Stack
from constructs import Construct

from signalbox.constructs import DeploymentSettings, RealtimeBackend


class RealtimeStack(Stack):
    """One stage of the application, named after it: "signalbox-dev"."""

    def __init__(self, scope: Construct, deployment: DeploymentSettings) -> None:
        super().__init__(
            scope,
            deployment.stack_name,
            description=deployment.description,
            env=deployment.env,
            termination_protection=deployment.stage.retain,
        )
        # With the id "Default", the CDK names the resources as if they were the stack's own.
        self.backend = RealtimeBackend(self, "Default", deployment)
        # Your own resources follow, for example a table (docs/deploying.md has more):
        #
        #   tickets = dynamodb.TableV2(
        #       self,
        #       "Tickets",
        #       partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
        #       point_in_time_recovery_specification={"point_in_time_recovery_enabled": True},
        #   )
        #   self.backend.grant(tickets)
        #   self.backend.environment(TICKETS_TABLE=tickets.table_name)
