"""The authorizer: the function asked at each handshake, and the secret that signs tickets."""

from collections.abc import Mapping

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.aws_apigatewayv2_authorizers import WebSocketLambdaAuthorizer
from constructs import Construct

from .findings import acknowledge
from .function import SYNCHRONOUS, Function
from .stage import Stage

TIMEOUT = 10
"""Seconds. An identity provider has 3 to connect and 3 to answer with its keys."""

SECRET_LENGTH = 64


class Authorizer(Construct):
    """The authorizer of a stage. `environment` names the table of the store."""

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
        secret = secretsmanager.CfnSecret(
            self,
            "TicketSecret",
            description=f"Signs the tickets of {stage.title}",
            generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
                password_length=SECRET_LENGTH, exclude_punctuation=True
            ),
        )
        secret.apply_removal_policy(RemovalPolicy.RETAIN if stage.retain else RemovalPolicy.DESTROY)
        # Id is the ARN everywhere. Ref is the ARN on AWS and the name in emulators.
        self.secret_arn = secret.attr_id
        self.function = Function(
            self,
            "Function",
            stage=stage,
            code=code,
            handler="handlers.authorizer.handler",
            timeout=TIMEOUT,
            environment={
                **environment,
                "ALLOWED_ORIGINS": " ".join(stage.origins),
                "ALLOW_GUESTS": str(stage.allow_guests).lower(),
                "TICKET_SECRET": self.secret_arn,
                **(stage.tokens.environment if stage.tokens else {}),
            },
            undelivered=SYNCHRONOUS,
        )
        self.allow_reading_tickets(self.function.role)
        # Without an identity source: browsers can set no header, and API Gateway would refuse them all.
        self.of_route = WebSocketLambdaAuthorizer("Authorizer", self.function.target, identity_source=[])
        reason = "a backend that signs tickets must get a new secret at the same time: see docs/deploying.md"
        acknowledge(secret, "AwsSolutions-SMG4", reason)

    def allow_reading_tickets(self, role: iam.Role) -> None:
        """Allow `role` to read the secret that signs tickets."""
        role.add_to_policy(
            iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[self.secret_arn])
        )
