"""The Lambda function behind the queue: slices of broadcasts, a batch at a time."""

import asyncio
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    EventType,
    async_process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from connection_store import time_budget
from signalbox.aws.loop import new_event_loop
from signalbox.moment import Moment
from signalbox.observability import flush_metrics, report_unexpected
from signalbox.publisher import SendBudget, Slice
from signalbox.realtime.delivery.worker import BroadcastWorker
from signalbox.realtime.services import build_workers, connect
from signalbox.realtime.settings import RealtimeSettings
from signalbox.resolver import Runtime

from .deadline import RESERVE, time_left
from .websocket import Handler

_runtime = Runtime(new_event_loop)


class _Processor(AsyncBatchProcessor):
    """Powertools' processor on the sandbox's one event loop: others end with the invocation (F29)."""

    def async_process(self) -> list[tuple[Any, ...]]:
        return _runtime.run(self._together())

    async def _together(self) -> list[tuple[Any, ...]]:
        return await asyncio.gather(*map(self._async_process_record, self.records))


def make_handler(*, keep_rows: bool = False) -> Handler:
    """Return the handler, made from the environment. Raises SettingsError.

    With `keep_rows` the rows of gone connections are left to the sweep, which tells the application.
    """
    settings = RealtimeSettings.from_environment()
    share = SendBudget(settings.send_budget / settings.fanout_concurrency)
    return handler_of(build_workers(connect(settings, share), keep_rows=keep_rows), debug=settings.debug)


def handler_of(worker_of: Callable[[str], BroadcastWorker], *, debug: bool) -> Handler:
    """Return the handler that delivers a batch's slices side by side.

    Slices that failed are reported, and the queue delivers them again (F30). `worker_of` returns the worker
    of a tenant.
    """
    processor = _Processor(EventType.SQS, raise_on_entire_batch_failure=False)

    async def process(record: SQSRecord, lambda_context: Any) -> None:
        left = time_left(lambda_context)
        moment = Moment(int(record.attributes.approximate_first_receive_timestamp), left)
        try:
            with time_budget(left() + RESERVE):
                slice_ = Slice.from_text(record.body)
                await worker_of(slice_.tenant).process(slice_, record.message_id, moment)
        except Exception as error:
            report_unexpected(error, debug=debug)
            raise

    def handler(event: Any, context: Any) -> dict[str, Any]:
        try:
            return dict(async_process_partial_response(event, process, processor, context))
        finally:
            flush_metrics()

    return handler
