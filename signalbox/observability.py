"""Structured logs and metrics. Lines never hold what clients sent: only the fields named here."""

from logging import LogRecord

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from connection_store import StoreError
from signalbox.protocol import BroadcastReport, BroadcastSent
from signalbox.publisher import QueueError, Report
from signalbox.resolver import trace

logger = Logger(utc=True)
metrics = Metrics(namespace="Signalbox")


def _drop_task_name(record: LogRecord) -> bool:
    # Python 3.12 adds the name of the asyncio task to every record, which says nothing here.
    record.taskName = None
    return True


logger.addFilter(_drop_task_name)


def count(name: str, value: int = 1) -> None:
    """Add to a metric of this invocation."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def count_deliveries(report: Report) -> None:
    """Record what became of a message."""
    for name in ("sent", "gone", "slow", "failed"):
        outcome = getattr(report, name)
        count(f"Deliveries{name.title()}", outcome if isinstance(outcome, int) else len(outcome))


def record_broadcast(report: BroadcastReport | BroadcastSent) -> None:
    """Record how long a broadcast took, how fast it was and what it cost; its deliveries are counted."""
    metrics.add_metric(name="BroadcastDuration", unit=MetricUnit.Milliseconds, value=report.duration_ms)
    metrics.add_metric(name="BroadcastRate", unit=MetricUnit.CountPerSecond, value=report.posts_per_second)
    metrics.add_metric(name="BroadcastCost", unit=MetricUnit.NoUnit, value=report.cost_usd)


def flush_metrics() -> None:
    """Print this invocation's metrics, in CloudWatch's embedded format."""
    if metrics.metric_set:
        metrics.flush_metrics()
        metrics.clear_metrics()  # where they are disabled Powertools keeps them, and prints the hundredth


def report_unexpected(error: BaseException, *, debug: bool) -> None:
    """Log what no handler answers, and count it: Lambda's own `Errors` sees nothing of what is answered.

    That is its type and place, and its text only where `debug` says that nothing here is secret. A store or
    a queue that failed is no bug.
    """
    text = {"text": str(error)[:1_000]} if debug else {}
    logger.error("unexpected failure", extra={"error": type(error).__name__, "trace": trace(error), **text})
    _count_failure("Unavailable" if isinstance(error, StoreError | QueueError) else "Unexpected")


def report_unavailable(what: str, error: str) -> None:
    """Log and count that something we live on failed; `error` holds nothing of what clients sent."""
    logger.error(f"{what} failure", extra={"error": error})
    _count_failure("Unavailable")


def _count_failure(name: str) -> None:
    count(name)
    flush_metrics()  # the event's others have been: what answers its failure is outside all middleware
