"""A small application's stack: the backend, and one of each resource that can be granted."""

from pathlib import Path

from aws_cdk import App, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm

from signalbox.constructs import DeploymentSettings, RealtimeBackend, Stage

MODULE = "tests.framework.constructs.small_settings"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mail"
PARAMETER = "arn:aws:ssm:eu-west-1:123456789012:parameter/sign"


def deployment(assets: Path, application: str = "demo", name: str = "dev") -> DeploymentSettings:
    stage = Stage.model_validate(
        {
            "application": application,
            "name": name,
            "origins": ["https://app.example.com"],
            "throttle": {"rate": 1, "burst": 1},
            "log_level": "WARNING",
            "debug": True,
        }
    )
    return DeploymentSettings(
        stage, dict.fromkeys(("websocket", "authorizer"), lambda_.Code.from_asset(str(assets)))
    )


def backend(app: App, settings: DeploymentSettings, class_name: str = "Settings") -> RealtimeBackend:
    stack = Stack(app, settings.stack_name, description=settings.description)
    return RealtimeBackend(stack, "Default", settings, settings=f"{MODULE}:{class_name}")


def add_resources(backend: RealtimeBackend) -> None:
    """What the `cdk/stack.py` of an application may add."""
    stack = Stack.of(backend)
    tickets = dynamodb.TableV2(
        stack,
        "Tickets",
        partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
        point_in_time_recovery_specification={"point_in_time_recovery_enabled": True},
    )
    tickets.add_global_secondary_index(
        index_name="owner",
        partition_key=dynamodb.Attribute(name="owner", type=dynamodb.AttributeType.STRING),
    )
    logs = s3.Bucket.from_bucket_name(stack, "Logs", "logs")
    pictures = s3.Bucket(stack, "Pictures", enforce_ssl=True, server_access_logs_bucket=logs)
    archive = s3.Bucket.from_bucket_name(stack, "Archive", "archive")
    stripe = secretsmanager.Secret.from_secret_complete_arn(stack, "Stripe", f"{SECRET}-AbCdEf")
    backend.grant(tickets)
    backend.grant(pictures)
    backend.grant(archive, "s3:GetObject")
    backend.grant(sns.Topic.from_topic_arn(stack, "News", "arn:aws:sns:eu-west-1:123456789012:news"))
    backend.grant(ssm.StringParameter.from_string_parameter_name(stack, "Limit", "limit"))
    backend.environment(TICKETS_TABLE=tickets.table_name)
    backend.environment(STRIPE_KEY=stripe, MAIL_KEY=SECRET, SIGN_KEY=PARAMETER, UNREAD="x")
    backend.queue("orders")
