"""The Lambda behind the clock: each minute, it ends the connections that nobody heard of any more."""

from datetime import datetime
from typing import Any

from connection_store import time_budget
from signalbox.observability import flush_metrics, report_unexpected
from signalbox.realtime.services import build_services
from signalbox.resolver import RUNTIME

RESERVE = 3.0
"""Seconds of an invocation kept for the batch that has been begun."""

_services = build_services()


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Sweep as of the event's `time`, which is when it was due; answer how many connections were ended.

    What time does not suffice for, the next sweep does. An invocation that failed changed nothing wrong: a
    schedule need not repeat it.
    """

    def time_left() -> float:
        milliseconds: int = context.get_remaining_time_in_millis()
        return milliseconds / 1_000 - RESERVE

    now = int(datetime.fromisoformat(event["time"]).timestamp() * 1_000)
    try:
        with time_budget(time_left() + RESERVE):
            return {"ended": RUNTIME.run(_services.attendance.sweep(now=now, time_left=time_left))}
    except Exception as error:
        report_unexpected(error, debug=_services.settings.debug)
        raise
    finally:
        flush_metrics()
