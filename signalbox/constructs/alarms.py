"""Alarms, sent by mail. `docs/operations.md` says what to do about each."""

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from .findings import acknowledge
from .metrics import Watched

ERRORS = {"Authorizer": 20}
"""Failures of a function in a period that raise its alarm, 1 for those not listed.

An authorizer refuses by failing, and a few clients with an old token are normal.
"""

NEAR_TIMEOUT = 0.8
"""The share of its timeout that a function's slowest invocations may take, from 0 to 1."""

FAILURES = {"Unexpected": 1, "Unavailable": 10, "SlicesGivenUp": 1}
"""Failures in a period that raise an alarm, by the application's own metric.

The application answers these failures, so Lambda's `Errors` does not count them. A store that is slow for a
moment is asked again, so the alarm on `Unavailable` needs ten.
"""

OLDEST = 60
"""Seconds that a slice of a broadcast may wait for a worker."""

GHOSTS = 20
"""Per cent of recipients that may be gone. Some are, because `$disconnect` can be lost."""

MISSED = 1
"""Per cent of recipients that may not be reached though they are connected."""

ENOUGH = 100
"""Deliveries in a period below which no share is computed."""


class Alarms(Construct):
    """One alarm for each kind of failure. `email` gets a mail when an alarm begins and when it ends.

    Alarms on shares need metric math, which not every emulator has: `shares` leaves them out.
    """

    def __init__(
        self, scope: Construct, name: str, *, watched: Watched, email: str | None, shares: bool = True
    ) -> None:
        super().__init__(scope, name)
        self.all = [*self._of_functions(watched), *self._of_failures(watched), *self._of_queues(watched)]
        if shares:
            self.all += self._of_deliveries(watched)
        if email:
            self._tell(email)

    def _of_functions(self, watched: Watched) -> Iterator[cloudwatch.Alarm]:
        for title, (_, timeout) in watched.functions.items():
            yield self._alarm(f"{title}Errors", watched.function(title, "Errors"), ERRORS.get(title, 1))
            yield self._alarm(f"{title}Throttles", watched.function(title, "Throttles"), 1)
            near = 1e3 * timeout * NEAR_TIMEOUT
            yield self._alarm(f"{title}NearTimeout", watched.function(title, "Duration", "p99"), near)

    def _of_failures(self, watched: Watched) -> Iterator[cloudwatch.Alarm]:
        for name, several in FAILURES.items():
            yield self._alarm(name, watched.counted(name), several)

    def _of_queues(self, watched: Watched) -> Iterator[cloudwatch.Alarm]:
        yield self._alarm("DeadLetters", watched.waiting(watched.dead_letters), 1)
        yield self._alarm("OldestSlice", watched.oldest(), OLDEST)

    def _of_deliveries(self, watched: Watched) -> Iterator[cloudwatch.Alarm]:
        yield self._alarm("Ghosts", watched.share("Gone", of_at_least=ENOUGH), GHOSTS)
        yield self._alarm("SendFailures", watched.share("Failed", of_at_least=ENOUGH), MISSED)

    def _alarm(self, name: str, metric: cloudwatch.IMetric, threshold: float) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=f"{name}: see docs/operations.md",
        )

    def _tell(self, email: str) -> None:
        topic = sns.Topic(self, "Topic", enforce_ssl=True)
        topic.add_subscription(subscriptions.EmailSubscription(email))
        for alarm in self.all:
            alarm.add_alarm_action(actions.SnsAction(topic))
            alarm.add_ok_action(actions.SnsAction(topic))
        reason = "a lost mail needs no queue: the dashboard shows the alarm"
        acknowledge(topic, "Serverless-SNSRedrivePolicy", reason)
