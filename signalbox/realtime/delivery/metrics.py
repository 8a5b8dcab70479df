"""The metrics of deliveries and broadcasts."""

from aws_lambda_powertools.metrics import MetricUnit

from signalbox.observability import count, metrics
from signalbox.protocol import BroadcastReport, BroadcastSent
from signalbox.publisher import Report


def count_deliveries(report: Report) -> None:
    """Record the outcomes of one delivery."""
    for name in ("sent", "gone", "slow", "failed"):
        outcome = getattr(report, name)
        count(f"Deliveries{name.title()}", outcome if isinstance(outcome, int) else len(outcome))


def record_broadcast(report: BroadcastReport | BroadcastSent) -> None:
    """Record a broadcast's duration, rate and cost. Its deliveries are counted one by one."""
    metrics.add_metric(name="BroadcastDuration", unit=MetricUnit.Milliseconds, value=report.duration_ms)
    metrics.add_metric(name="BroadcastRate", unit=MetricUnit.CountPerSecond, value=report.posts_per_second)
    metrics.add_metric(name="BroadcastCost", unit=MetricUnit.NoUnit, value=report.cost_usd)
