"""The Lambda function behind the clock: each minute it ends connections that fell silent or expired."""

from datetime import datetime
from typing import Any

from connection_store import time_budget
from signalbox.moment import Moment
from signalbox.observability import flush_metrics, report_unexpected
from signalbox.realtime.services import TenantServices
from signalbox.resolver import RUNTIME

from .deadline import RESERVE, time_left
from .websocket import Handler


def make_handler(services: TenantServices) -> Handler:
    """Return the handler. It sweeps as of the event's `time`, and answers how many connections ended.

    The next sweep does what this one has no time for. A failed invocation changed nothing wrong, so the
    schedule need not repeat it.
    """

    def handler(event: Any, context: Any) -> dict[str, Any]:
        left = time_left(context)
        moment = Moment(int(datetime.fromisoformat(event["time"]).timestamp() * 1_000), left)
        try:
            with time_budget(left() + RESERVE):
                return {"ended": RUNTIME.run(services.endings.sweep(moment))}
        except Exception as error:
            report_unexpected(error, debug=services.settings.debug)
            raise
        finally:
            flush_metrics()

    return handler
