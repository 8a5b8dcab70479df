"""The role that API Gateway writes logs with: a setting of the account in the region."""

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from .findings import acknowledge

PUSH_TO_LOGS = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"


class AccountLogs(Construct):
    """The setting and its role. Without them, a WebSocket stage with an access log cannot be created.

    Each account has one such setting in each region: see `Stage.account_logs`.
    """

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(PUSH_TO_LOGS)],
        )
        self.setting = apigateway.CfnAccount(self, "Setting", cloud_watch_role_arn=role.role_arn)
        acknowledge(
            role,
            f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{PUSH_TO_LOGS}]",
            "AWS made this policy for this setting, which belongs to the account",
        )
