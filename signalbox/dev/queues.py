"""The queue of large broadcasts and where its poison ends up, in the embedded engine."""

import json
from typing import Any

NAME = "signalbox-local"
TRIES = 5
"""How often a message is delivered before it goes to the dead-letter queue (F30)."""

WORKER_TIMEOUT = 15
VISIBILITY = 30
"""Seconds. On AWS 60 and six times that: here nobody wants to wait so long for what a crash left behind."""


def make_queue() -> tuple[Any, str]:
    """Make the local run's queue; return boto3's client for SQS, from the standard variables, and the URL."""
    from boto3.session import Session
    from botocore.config import Config

    client = Session().client("sqs", config=Config(connect_timeout=1, retries={"total_max_attempts": 1}))
    return client, create_queue(client)


def create_queue(client: Any, name: str = NAME, *, visibility: int = VISIBILITY) -> str:
    """Make the queue with its dead-letter queue; return its URL."""
    dead = client.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    attributes = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    policy = {"deadLetterTargetArn": attributes["QueueArn"], "maxReceiveCount": TRIES}
    url: str = client.create_queue(
        QueueName=name,
        Attributes={"RedrivePolicy": json.dumps(policy), "VisibilityTimeout": str(visibility)},
    )["QueueUrl"]
    return url
