"""Resources of the application's own: variables, permissions and queues of the functions that run it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Annotations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from .errors import BackendError
from .fanout import KEPT, TRIES
from .findings import acknowledge, acknowledge_wildcards
from .function import Function
from .variables import Variables

Value = str | secretsmanager.ISecret | ssm.IParameter
"""The value of a variable: a text or a token, or the secret or parameter whose ARN it is to hold."""

Resource = (
    dynamodb.ITable
    | dynamodb.ITableV2
    | s3.IBucket
    | sqs.IQueue
    | sns.ITopic
    | secretsmanager.ISecret
    | ssm.IParameter
)
"""A resource that the functions of an application can be allowed to use."""

GRANTS = ("grant_read_write_data", "grant_read_write", "grant_send_messages", "grant_publish", "grant_read")
"""The CDK's grant methods, in order of preference: the first that a resource has is called."""

ARNS = ("table_arn", "bucket_arn", "queue_arn", "topic_arn", "secret_arn", "parameter_arn")

READING = {"secretsmanager": "secretsmanager:GetSecretValue", "ssm": "ssm:GetParameter"}
"""The action that reads what an ARN of a service names."""

_ARN = re.compile(r"arn:[a-z-]+:(secretsmanager|ssm):[a-z0-9-]+:\d{12}:\S+")
_COMPLETE = re.compile(r"-[A-Za-z0-9]{6}$")
_QUEUE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

OWN = "the application's own grant: the CDK's methods use wildcards within the resource"
"""Why wildcards are let pass."""


class OwnResources:
    """The application's own additions to `functions`, which run its code. `scope` is its backend.

    The permissions are one policy of their own, so that those of the framework stay as they are.
    """

    def __init__(self, scope: Construct, functions: Sequence[Function], variables: Variables) -> None:
        self._scope = scope
        self._functions = functions
        self._variables = variables
        self._policy: iam.Policy | None = None

    def environment(self, values: Mapping[str, Value]) -> None:
        """Set variables. Raises BackendError for one that the framework sets."""
        for name, value in values.items():
            warning = self._variables.add(name)
            if warning:
                Annotations.of(self._scope).add_warning_v2(f"signalbox:unread-{name}", warning)
            text = self._readable(value)
            for function in self._functions:
                function.add_environment(name, text)

    def grant(self, resource: Resource, *actions: str) -> None:
        """Allow `actions` on a resource, or what it is usually for. Raises BackendError."""
        policy = self._own_policy()
        if actions:
            self._allow(_arns(resource), *actions)
        else:
            getattr(resource, _method(resource))(policy)
        acknowledge_wildcards(policy, OWN)

    def queue(self, name: str) -> sqs.Queue:
        """Make a queue with a dead-letter queue, allow sending, and set its variable."""
        if not _QUEUE.fullmatch(name):
            raise BackendError(
                f'cdk/stack.py: backend.queue("{name}"): a name is lower-case words with hyphens'
            )
        title = "".join(word.capitalize() for word in name.split("-"))
        dead_letters = sqs.Queue(self._scope, f"{title}DeadLetters", enforce_ssl=True, retention_period=KEPT)
        acknowledge(dead_letters, "Serverless-SQSRedrivePolicy", "it is the dead-letter queue")
        queue = sqs.Queue(
            self._scope,
            f"{title}Queue",
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=TRIES),
        )
        self.grant(queue)
        self.environment({f"{name.replace('-', '_').upper()}_QUEUE_URL": queue.queue_url})
        return queue

    def _readable(self, value: Value) -> str:
        """Return the text of a variable, and allow reading the secret it names."""
        if isinstance(value, str):
            if found := _ARN.fullmatch(value):
                self._allow([_complete(value)], READING[found[1]])
            return value
        self.grant(value)
        return _arns(value)[0]

    def _allow(self, arns: Sequence[str], *actions: str) -> None:
        statement = iam.PolicyStatement(actions=list(actions), resources=list(arns))
        self._own_policy().add_statements(statement)

    def _own_policy(self) -> iam.Policy:
        if self._policy is None:
            roles = [function.role for function in self._functions]
            self._policy = iam.Policy(self._scope, "OwnResources", roles=roles)
        return self._policy


def _method(resource: Any) -> str:
    for name in GRANTS:
        if hasattr(resource, name):
            return name
    raise BackendError(
        f"cdk/stack.py: backend.grant() knows no usual permission on {type(resource).__name__}; "
        "name the actions"
    )


def _arns(resource: Any) -> list[str]:
    for name in ARNS:
        if arn := getattr(resource, name, None):
            parts = {"table_arn": ["/index/*"], "bucket_arn": ["/*"]}.get(name, [])
            return [arn, *(f"{arn}{part}" for part in parts)]
    raise BackendError(f"cdk/stack.py: backend.grant() finds no ARN of {type(resource).__name__}")


def _complete(arn: str) -> str:
    """Secrets Manager ends its ARNs with six characters, which people leave out."""
    complete = ":secretsmanager:" not in arn or _COMPLETE.search(arn)
    return arn if complete else f"{arn}-??????"
