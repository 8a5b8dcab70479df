"""A queue drives a function, as Lambda's event source mapping does."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from types import TracebackType
from typing import Any, Self

from signalbox.aws.errors import AwsError
from signalbox.aws.json_api import JsonApi
from signalbox.gateway.sandboxes.sandbox import Answer, Result

Message = dict[str, Any]
Invoke = Callable[[bytes, str], Awaitable[Result]]

LONG_POLL = 20
"""Seconds the queue waits for a message before it answers that there is none."""

_PAUSE = 1.0
_LOG = logging.getLogger("signalbox.gateway")


class EventSourceMapping:
    """Invokes a function with batches of a queue's messages for as long as the context lasts.

    At most `concurrency` at once, with up to `batch_size` messages each. What the function does not report as
    failed is deleted. The rest, and everything when it fails, comes back when the queue's visibility timeout
    is over; the queue counts how often (Lambda Developer Guide, "Handling errors for an SQS event source").
    `sqs` waits longer for an answer than `long_poll` seconds.
    """

    def __init__(
        self,
        sqs: JsonApi,
        queue_url: str,
        invoke: Invoke,
        *,
        batch_size: int = 10,
        concurrency: int = 2,
        long_poll: int = LONG_POLL,
    ) -> None:
        self._sqs = sqs
        self._url = queue_url
        self._invoke = invoke
        self._batch_size = batch_size
        self._long_poll = long_poll
        self._places = asyncio.Semaphore(concurrency)
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = count(1)

    async def __aenter__(self) -> Self:
        """Begin to poll."""
        self._start(self._poll())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and close the API. Messages under way stay in the queue."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._sqs.close()

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _poll(self) -> None:
        reachable = True
        while True:
            await self._places.acquire()
            try:
                messages = await self._receive()
                reachable = True
            except AwsError as failure:
                if reachable:
                    _LOG.warning("the queue does not answer (%s): trying on", failure)
                reachable, messages = False, []
                await asyncio.sleep(_PAUSE)
            if messages:
                self._start(self._deliver(messages))
            else:
                self._places.release()

    async def _receive(self) -> list[Message]:
        request = {
            "QueueUrl": self._url,
            "MaxNumberOfMessages": self._batch_size,
            "WaitTimeSeconds": self._long_poll,
            "MessageSystemAttributeNames": ["All"],
        }
        answer = await self._sqs.call("ReceiveMessage", request)
        messages: list[Message] = answer.get("Messages", [])
        return messages

    async def _deliver(self, messages: Sequence[Message]) -> None:
        try:
            event = json.dumps({"Records": [_record(message) for message in messages]}).encode()
            result = await self._invoke(event, f"queue-{next(self._numbers)}")
            failed = _failures(result, {message["MessageId"] for message in messages})
            if failed:
                _LOG.warning("%d of %d queued messages failed, and come back", len(failed), len(messages))
            await self._delete([message for message in messages if message["MessageId"] not in failed])
        except AwsError as failure:
            _LOG.warning("the queue does not answer (%s): messages come back", failure)
        finally:
            self._places.release()

    async def _delete(self, messages: Sequence[Message]) -> None:
        entries = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages)
        ]
        if entries:
            await self._sqs.call("DeleteMessageBatch", {"QueueUrl": self._url, "Entries": entries})


def _record(message: Message) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:local",
        "awsRegion": "us-east-1",
    }


def _failures(result: Result, ids: set[str]) -> set[str]:
    """The messages that failed: those the function names, and all when it fails or names another."""
    if not isinstance(result, Answer):
        return ids
    try:
        report = json.loads(result.payload) or {}
        failed = {each["itemIdentifier"] for each in report.get("batchItemFailures") or ()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return ids
    return failed if failed <= ids else ids
