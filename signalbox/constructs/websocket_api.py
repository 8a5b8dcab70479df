"""The WebSocket API: three routes, one stage, its throttle and its access log."""

import json
from typing import cast

from aws_cdk import Aws, CfnElement, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from constructs import Construct

from .findings import acknowledge
from .function import retention
from .stage import Stage

LOGGED = (
    "requestId",
    "requestTime",
    "eventType",
    "routeKey",
    "status",
    "connectionId",
    "connectedAt",
    "identity.sourceIp",
    "authorizer.principalId",
    "authorizer.error",
    "integration.latency",
    "integration.error",
    "error.responseType",
)
"""The fields of the access log. The query string is left out because it holds tickets (S04)."""


class WebSocketApi(Construct):
    """The API. `route` adds its routes later, because the functions behind them need its address first.

    `emulator` is the address of an emulator that serves it instead of AWS.
    """

    def __init__(self, scope: Construct, name: str, *, stage: Stage, emulator: str | None) -> None:
        super().__init__(scope, name)
        self._stage = stage
        self._emulator = emulator
        self._api = apigatewayv2.WebSocketApi(
            self,
            "Api",
            api_name=stage.prefix,
            route_selection_expression="$request.body.action",
        )
        self._deploy()

    @property
    def id(self) -> str:
        """The API's id."""
        return self._api.api_id

    @property
    def url(self) -> str:
        """The address that clients connect to, unless the stage has a domain."""
        return self.management_endpoint.replace("http", "ws", 1)

    @property
    def management_endpoint(self) -> str:
        """The address of `@connections`. A custom domain does not change it (F09)."""
        if self._emulator:
            return f"{self._emulator}/_aws/execute-api/{self.id}/{self._stage.name}"
        host = f"{self.id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"
        return f"https://{host}/{self._stage.name}"

    def route(self, target: lambda_.IFunction, *, authorizer: apigatewayv2.IWebSocketRouteAuthorizer) -> None:
        """Send every event to `target`. Its answers to messages go back to the client."""
        integration = WebSocketLambdaIntegration("Handler", target)
        # An emulator may lack route responses, and answers without them.
        replies = self._emulator is None
        # The stage comes last, so that its first deployment holds the whole API.
        self.deployed.node.add_dependency(
            self._api.add_route("$connect", integration=integration, authorizer=authorizer),
            self._api.add_route("$disconnect", integration=integration),
            self._api.add_route("$default", integration=integration, return_response=replies),
        )
        reason = "API Gateway authorises WebSocket APIs on $connect only; messages carry that caller"
        for key in ("$disconnect-Route", "$default-Route"):
            acknowledge(self._api.node.find_child(key), "AwsSolutions-APIG4", reason)

    def grant_connections(self, role: iam.Role, *methods: str) -> None:
        """Allow `methods` ("POST") on the connections of this stage."""
        for method in methods:
            path = f"{self._stage.name}/{method}/@connections/*"
            arn = f"arn:{Aws.PARTITION}:execute-api:{Aws.REGION}:{Aws.ACCOUNT_ID}:{self.id}/{path}"
            role.add_to_policy(
                iam.PolicyStatement(actions=["execute-api:ManageConnections"], resources=[arn])
            )
            api = Stack.of(self).get_logical_id(cast(CfnElement, self._api.node.default_child))
            named = f"arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<{api}>/{path}"
            acknowledge(
                role, f"AwsSolutions-IAM5[Resource::{named}]", "connection ids exist only at run time"
            )

    def _deploy(self) -> None:
        log = logs.LogGroup(
            self, "AccessLog", retention=retention(self._stage), removal_policy=RemovalPolicy.DESTROY
        )
        throttle = self._stage.throttle
        self.deployed = apigatewayv2.CfnStage(
            self,
            "Stage",
            api_id=self.id,
            stage_name=self._stage.name,
            auto_deploy=True,
            access_log_settings=apigatewayv2.CfnStage.AccessLogSettingsProperty(
                destination_arn=log.log_group_arn,
                format=json.dumps({name.replace(".", "_"): f"$context.{name}" for name in LOGGED}),
            ),
            default_route_settings=apigatewayv2.CfnStage.RouteSettingsProperty(
                detailed_metrics_enabled=True,
                throttling_rate_limit=throttle.rate,
                throttling_burst_limit=throttle.burst,
            ),
        )
