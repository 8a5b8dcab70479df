"""Fan-out of large broadcasts: the queue of their slices, its dead-letter queue, and the worker."""

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
"""Seconds of the worker. No client waits for it."""

BATCH = 4
"""Slices in one invocation: the 32 of a broadcast occupy eight workers."""

TRIES = 5
"""Deliveries of a message before it goes to the dead-letter queue (F30)."""

KEPT = Duration.days(14)
"""How long a dead-letter queue keeps messages: as long as SQS allows."""


class FanOut(Construct):
    """The queues. `serve` adds the worker, whose environment holds the address of the queue.

    If `emulated`, SendMessageBatch needs a permission of that name, which AWS does not have.
    """

    def __init__(self, scope: Construct, name: str, *, emulated: bool) -> None:
        super().__init__(scope, name)
        self._send = "SendMessageBatch" if emulated else "SendMessage"
        self.dead_letters = sqs.Queue(self, "DeadLetters", enforce_ssl=True, retention_period=KEPT)
        self.queue = sqs.Queue(
            self,
            "Queue",
            enforce_ssl=True,
            # With less, SQS delivers a slice again while a worker is still at it.
            visibility_timeout=Duration.seconds(6 * TIMEOUT),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=TRIES),
        )

        reason = "it is the dead-letter queue"
        acknowledge(self.dead_letters, "Serverless-SQSRedrivePolicy", reason)

    def allow_sending(self, role: iam.Role) -> None:
        """Allow `role` to put slices into the queue."""
        self._allow(role, self._send)

    def serve(self, *, stage: Stage, code: lambda_.Code, environment: Mapping[str, str]) -> Function:
        """Attach the worker to the queue, with at most `fanout_concurrency` sandboxes."""
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
            # Reserved concurrency would not do: event sources ignore it, and good slices are given up (F33).
            max_concurrency=stage.fanout_concurrency,
            report_batch_item_failures=True,
        )
        reason = "the queue has a dead-letter queue, which event sources on SQS leave to it"
        acknowledge(source, "Serverless-LambdaEventSourceMappingDestination", reason)
        return worker

    def _allow(self, role: iam.Role, *actions: str) -> None:
        self.queue.grant(role, *(f"sqs:{action}" for action in actions))
