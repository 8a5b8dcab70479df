"""Structured logs and metrics. Lines never hold what clients sent: only the fields named here."""

from logging import LogRecord

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from connection_store.errors import StoreError
from signalbox.publisher.errors import QueueError
from signalbox.resolver.errors import trace

logger = Logger(utc=True)
metrics = Metrics(namespace="Signalbox")

LONGEST_TEXT = 1_000
"""Characters of an exception's text in a log line."""


def _drop_task_name(record: LogRecord) -> bool:
    # Python 3.12 adds the name of the asyncio task to every record, which says nothing here.
    record.taskName = None
    return True


logger.addFilter(_drop_task_name)


def count(name: str, value: int = 1) -> None:
    """Add to a metric of this invocation."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def flush_metrics() -> None:
    """Print this invocation's metrics, in CloudWatch's embedded format."""
    if metrics.metric_set:
        metrics.flush_metrics()
        metrics.clear_metrics()  # where they are disabled Powertools keeps them, and prints the hundredth


def report_unexpected(error: BaseException, *, debug: bool) -> None:
    """Log a failure that no handler answers, and count it. Lambda's own `Errors` metric does not see it.

    The line has the error's type and place, and its text only with `debug`. A store or a queue that failed
    counts as `Unavailable`, everything else as `Unexpected`.
    """
    text = {"text": str(error)[:LONGEST_TEXT]} if debug else {}
    logger.error("unexpected failure", extra={"error": type(error).__name__, "trace": trace(error), **text})
    _count_failure("Unavailable" if isinstance(error, StoreError | QueueError) else "Unexpected")


def report_unavailable(service: str, error: str) -> None:
    """Log and count that a service we depend on failed. `error` holds nothing of what clients sent."""
    logger.error(f"{service} failure", extra={"error": error})
    _count_failure("Unavailable")


def _count_failure(name: str) -> None:
    count(name)
    flush_metrics()  # the middleware has flushed already: the error boundary is outside it
