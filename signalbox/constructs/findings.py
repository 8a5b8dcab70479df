"""Findings of cdk-nag that are meant: each with the reason, which has to be true."""

from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import IConstruct


def acknowledge(scope: IConstruct, finding: str, reason: str) -> None:
    """Let `finding` pass on `scope` and everything in it."""
    Validations.of(scope).acknowledge(Acknowledgment(id=finding, reason=reason))


def acknowledge_wildcards(policy: iam.Policy, reason: str) -> None:
    """Let every wildcard pass that is in `policy` so far."""
    document = Stack.of(policy).resolve(policy.document)
    for statement in document["Statement"]:
        for part in ("Action", "Resource"):
            for each in map(_text, _listed(statement[part])):
                if "*" in each:
                    acknowledge(policy, f"AwsSolutions-IAM5[{part}::{each}]", reason)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """A value with its references as cdk-nag writes them: `<Table.Arn>/index/*`."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(_text, parts))
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
    return str(value)
