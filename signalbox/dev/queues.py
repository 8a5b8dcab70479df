"""The queue of large broadcasts and its dead-letter queue, in the embedded engine."""

import json

from signalbox.aws.endpoints import SQS
from signalbox.aws.json_api import JsonApi

from .mapping import LONG_POLL

NAME = "signalbox-local"
TRIES = 5
"""Deliveries of a message before it goes to the dead-letter queue (F30)."""

WORKER_TIMEOUT = 15
VISIBILITY = 30
"""Seconds. On AWS 60 and six times that: here nobody wants to wait so long for what a crash left behind."""


def queue_api() -> JsonApi:
    """Return the API of the local run's queue, by the standard variables. It waits for a long poll."""
    return JsonApi(SQS, response_timeout=LONG_POLL + 10)


async def create_queue(sqs: JsonApi, name: str = NAME, *, visibility: int = VISIBILITY) -> str:
    """Make the queue with its dead-letter queue; return its URL."""
    dead = (await sqs.call("CreateQueue", {"QueueName": f"{name}-dead"}))["QueueUrl"]
    request = {"QueueUrl": dead, "AttributeNames": ["QueueArn"]}
    arn = (await sqs.call("GetQueueAttributes", request))["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": TRIES})
    attributes = {"RedrivePolicy": policy, "VisibilityTimeout": str(visibility)}
    answer = await sqs.call("CreateQueue", {"QueueName": name, "Attributes": attributes})
    return str(answer["QueueUrl"])
