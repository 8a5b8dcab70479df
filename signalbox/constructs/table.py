"""The table of the connection store, as `connection_store/schema.py` defines it."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from connection_store import schema


class ConnectionTable(Construct):
    """A table with on-demand billing, point-in-time recovery and expiry of rows (TTL)."""

    def __init__(self, scope: Construct, name: str, *, retain: bool) -> None:
        super().__init__(scope, name)
        definition = schema.definition("")
        types = {each["AttributeName"]: each["AttributeType"] for each in definition["AttributeDefinitions"]}
        partition, sort = (
            dynamodb.Attribute(name=each["AttributeName"], type=_TYPES[types[each["AttributeName"]]])
            for each in definition["KeySchema"]
        )
        self._table = dynamodb.Table(
            self,
            "Table",
            partition_key=partition,
            sort_key=sort,
            billing_mode=dynamodb.BillingMode(definition["BillingMode"]),
            time_to_live_attribute=schema.TTL_ATTRIBUTE,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=retain,
            removal_policy=RemovalPolicy.RETAIN if retain else RemovalPolicy.DESTROY,
        )

    @property
    def name(self) -> str:
        """The table's name."""
        return self._table.table_name

    def grant(self, grantee: iam.IGrantable, *actions: str) -> None:
        """Allow `actions` on its items, each by its name ("Query")."""
        self._table.grant(grantee, *(f"dynamodb:{action}" for action in actions))


_TYPES = {"S": dynamodb.AttributeType.STRING}
