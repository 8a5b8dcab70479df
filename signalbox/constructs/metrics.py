"""The metrics that alarms and dashboard share."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

PERIOD = Duration.minutes(5)


@dataclass(frozen=True, slots=True)
class Watched:
    """The names of what is measured: `prefix` is the stage's, `functions` have timeouts in seconds."""

    prefix: str
    stage: str
    functions: Mapping[str, tuple[str, int]]
    api_id: str
    table: str
    queue: str
    dead_letters: str

    def function(self, title: str, metric: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """A metric of the function with this title."""
        name, _ = self.functions[title]
        return _metric("AWS/Lambda", metric, statistic, FunctionName=name)

    def api(self, metric: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """A metric of the API's stage."""
        return _metric("AWS/ApiGateway", metric, statistic, ApiId=self.api_id, Stage=self.stage)

    def units(self, kind: str) -> cloudwatch.Metric:
        """The table's capacity units. `kind` is "Read" or "Write"."""
        return _metric("AWS/DynamoDB", f"Consumed{kind}CapacityUnits", "Sum", TableName=self.table)

    def waiting(self, queue: str) -> cloudwatch.Metric:
        """The largest number of slices in a queue."""
        return _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", QueueName=queue)

    def oldest(self) -> cloudwatch.Metric:
        """The seconds that the oldest slice has been waiting."""
        return _metric("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", QueueName=self.queue)

    def deliveries(self, outcome: str) -> cloudwatch.Metric:
        """Deliveries with this outcome: "Sent", "Gone", "Slow" or "Failed"."""
        return self.counted(f"Deliveries{outcome}")

    def counted(self, name: str) -> cloudwatch.Metric:
        """A metric that the application counts itself (`signalbox/observability.py`)."""
        return _metric("Signalbox", name, "Sum", service=self.prefix)

    def share(self, outcome: str, *, of_at_least: int = 0) -> cloudwatch.MathExpression:
        """Per cent of deliveries with this outcome; 0 if there were no more than `of_at_least`."""
        parts = {name.lower(): self.deliveries(name) for name in ("Sent", "Gone", "Slow", "Failed")}
        total = " + ".join(f"FILL({name}, 0)" for name in parts)
        return cloudwatch.MathExpression(
            expression=f"IF(({total}) > {of_at_least}, 100 * FILL({outcome.lower()}, 0) / ({total}), 0)",
            using_metrics=parts,
            period=PERIOD,
            label=f"{outcome.lower()} %",
        )


def _metric(namespace: str, name: str, statistic: str, **dimensions: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        statistic=statistic,
        dimensions_map=dimensions,
        period=PERIOD,
    )
