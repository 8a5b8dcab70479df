"""One dashboard for three questions: is it healthy, is it fast, and what does it cost."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from signalbox.pricing import prices

from .alarms import FAILURES
from .metrics import PERIOD, Watched

THIRD = 8


class Dashboard(Construct):
    """The dashboard of a stage. `memory` is that of each function, in megabytes."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        watched: Watched,
        alarms: Sequence[cloudwatch.IAlarm],
        memory: int,
    ) -> None:
        super().__init__(scope, name)
        self._watched = watched
        board = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=watched.prefix,
            default_interval=Duration.hours(3),
        )
        for question, widgets in (
            ("Is it healthy?", [_alarms(alarms), self._failures(), self._deliveries()]),
            ("Is it fast?", [self._durations(), self._latency(), self._waiting()]),
            ("What does it cost?", [self._cost(memory), self._units(), self._traffic()]),
        ):
            board.add_widgets(cloudwatch.TextWidget(markdown=f"# {question}", width=24, height=1))
            board.add_widgets(*widgets)

    def _failures(self) -> cloudwatch.IWidget:
        return _graph(
            "Errors",
            [
                *(self._watched.function(title, "Errors") for title in self._watched.functions),
                *(self._watched.function(title, "Throttles") for title in self._watched.functions),
                *map(self._watched.counted, FAILURES),
                *(self._watched.api(each) for each in ("ClientError", "IntegrationError", "ExecutionError")),
                self._watched.waiting(self._watched.dead_letters),
            ],
        )

    def _deliveries(self) -> cloudwatch.IWidget:
        outcomes = [self._watched.deliveries(each) for each in ("Sent", "Gone", "Slow", "Failed")]
        shares = [self._watched.share(each) for each in ("Gone", "Failed")]
        return _graph("Deliveries", outcomes, right=shares)

    def _durations(self) -> cloudwatch.IWidget:
        return _graph(
            "Duration (ms)",
            [
                self._watched.function(title, "Duration", statistic)
                for title in self._watched.functions
                for statistic in ("p50", "p99")
            ],
        )

    def _latency(self) -> cloudwatch.IWidget:
        return _graph(
            "From API Gateway to the function and back (ms)",
            [self._watched.api("IntegrationLatency", each) for each in ("p50", "p99")],
        )

    def _waiting(self) -> cloudwatch.IWidget:
        return _graph(
            "Broadcasts that wait: slices, and seconds",
            [self._watched.waiting(self._watched.queue)],
            right=[self._watched.oldest()],
        )

    def _cost(self, memory: int) -> cloudwatch.IWidget:
        return _graph("US dollars an hour, without connection minutes", [self._dollars(memory)])

    def _dollars(self, memory: int) -> cloudwatch.IMetric:
        parts: dict[str, cloudwatch.IMetric] = {
            "messages": self._watched.api("MessageCount"),
            "reads": self._watched.units("Read"),
            "writes": self._watched.units("Write"),
        }
        sums = [
            _times("messages", prices.MESSAGE),
            _times("reads", prices.READ_UNIT),
            _times("writes", prices.WRITE_UNIT),
        ]
        for number, title in enumerate(self._watched.functions):
            parts[f"n{number}"] = self._watched.function(title, "Invocations")
            parts[f"d{number}"] = self._watched.function(title, "Duration")
            millisecond = prices.GIGABYTE_SECOND * memory / 1_024 / 1e3
            sums += [_times(f"n{number}", prices.INVOCATION), _times(f"d{number}", millisecond)]
        periods = Duration.hours(1).to_seconds() / PERIOD.to_seconds()
        expression = f"{periods:g} * ({' + '.join(sums)}) / 1000000"
        return cloudwatch.MathExpression(
            expression=expression, using_metrics=parts, period=PERIOD, label="$/h"
        )

    def _units(self) -> cloudwatch.IWidget:
        return _graph(
            "Capacity units",
            [
                self._watched.units("Read"),
                self._watched.units("Write"),
            ],
        )

    def _traffic(self) -> cloudwatch.IWidget:
        return _graph(
            "Traffic",
            [
                *(self._watched.api(each) for each in ("ConnectCount", "MessageCount")),
                *(self._watched.function(title, "Invocations") for title in self._watched.functions),
            ],
        )


def _alarms(alarms: Sequence[cloudwatch.IAlarm]) -> cloudwatch.IWidget:
    return cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=THIRD, height=6)


def _graph(
    title: str, left: Sequence[cloudwatch.IMetric], *, right: Sequence[cloudwatch.IMetric] = ()
) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(title=title, left=list(left), right=list(right), width=THIRD)


def _times(metric: str, price: float) -> str:
    # In millionths of a dollar, because metric math cannot read exponents.
    return f"FILL({metric}, 0) * {price * 1e6:.6g}"
