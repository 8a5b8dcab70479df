"""Broadcasts to many: the queue their slices wait in, the one for those that cannot be served, the worker."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .findings import acknowledge
from .function import Function
from .stage import Stage

TIMEOUT = 60
"""Seconds of the worker, which nobody waits for."""

BATCH = 4
"""Slices to a worker: the 32 of a broadcast occupy eight workers."""

TRIES = 5
"""Before a slice is given up (F30)."""

KEPT = Duration.days(14)
"""For how long somebody can look at what was given up: as long as SQS allows."""


class FanOut(Construct):
    """The queues. The worker comes with `serve`, because it takes its own queue's address.

    `emulated`: SendMessageBatch is judged by an action of that name, which AWS does not have.
    """

    def __init__(self, scope: Construct, name: str, *, emulated: bool) -> None:
        super().__init__(scope, name)
        self._send = "SendMessageBatch" if emulated else "SendMessage"
        self.dead_letters = sqs.Queue(self, "DeadLetters", enforce_ssl=True, retention_period=KEPT)
        self.queue = sqs.Queue(
            self,
            "Queue",
            enforce_ssl=True,
            # Less, and a slice is taken for lost while a worker is still at it.
            visibility_timeout=Duration.seconds(6 * TIMEOUT),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=TRIES),
        )

        reason = "it is the dead-letter queue"
        acknowledge(self.dead_letters, "Serverless-SQSRedrivePolicy", reason)

    def allow_sending(self, role: iam.Role) -> None:
        """Allow to leave slices in the queue."""
        self._allow(role, self._send)

    def serve(self, *, stage: Stage, code: lambda_.Code, environment: Mapping[str, str]) -> Function:
        """Set the worker on the queue, in as many sandboxes as the stage's send budget is divided by."""
        worker = Function(
            self,
            "Worker",
            stage=stage,
            code=code,
            handler="handlers.worker.handler",
            timeout=TIMEOUT,
            environment=environment,
            undelivered="the queue that invokes it has a dead-letter queue",
        )
        self._allow(worker.role, "ReceiveMessage", "DeleteMessage", "GetQueueAttributes", self._send)
        source = lambda_.EventSourceMapping(
            self,
            "Source",
            target=worker.target,
            event_source_arn=self.queue.queue_arn,
            batch_size=BATCH,
            # Not reserved concurrency: an event source knows nothing of it and gives good slices up (F33).
            max_concurrency=stage.fanout_concurrency,
            report_batch_item_failures=True,
        )
        reason = "the queue has a dead-letter queue, which event sources on SQS leave to it"
        acknowledge(source, "Serverless-LambdaEventSourceMappingDestination", reason)
        return worker

    def _allow(self, role: iam.Role, *actions: str) -> None:
        self.queue.grant(role, *(f"sqs:{action}" for action in actions))
