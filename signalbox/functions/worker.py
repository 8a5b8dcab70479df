"""The Lambda behind the queue: slices of broadcasts, a batch at a time."""

import asyncio
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    EventType,
    async_process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from connection_store import time_budget
from signalbox.aws.loop import new_event_loop
from signalbox.observability import flush_metrics, report_unexpected
from signalbox.publisher import Slice
from signalbox.realtime.services import build_relays
from signalbox.realtime.settings import Settings
from signalbox.resolver import Runtime

RESERVE = 3.0
"""Seconds of an invocation kept for the record of what was done, and for what is left to reach the queue."""

_runtime = Runtime(new_event_loop)
_settings = Settings.from_environment()
_relay_of = build_relays(_settings)


class _Processor(AsyncBatchProcessor):
    """Powertools' own, on the sandbox's one event loop: others end with the invocation (F29)."""

    def async_process(self) -> list[tuple[Any, ...]]:
        return _runtime.run(self._together())

    async def _together(self) -> list[tuple[Any, ...]]:
        return await asyncio.gather(*map(self._async_process_record, self.records))


_processor = _Processor(EventType.SQS, raise_on_entire_batch_failure=False)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Deliver a batch of slices side by side; those that failed are reported, and come back (F30)."""
    try:
        return dict(async_process_partial_response(event, _carry, _processor, context))
    finally:
        flush_metrics()


async def _carry(record: SQSRecord, lambda_context: Any) -> None:
    def time_left() -> float:
        milliseconds: int = lambda_context.get_remaining_time_in_millis()
        return milliseconds / 1_000 - RESERVE

    now = int(record.attributes.approximate_first_receive_timestamp)
    try:
        with time_budget(time_left() + RESERVE):
            slice_ = Slice.from_text(record.body)
            await _relay_of(slice_.tenant).carry(slice_, record.message_id, now=now, time_left=time_left)
    except Exception as error:
        report_unexpected(error, debug=_settings.debug)
        raise
