import json

import pytest

from signalbox.pricing import month
from tests.conftest import ROOT
from tests.infrastructure.templates import Template

OPERATIONS = ROOT / "docs" / "operations.md"


def alarms(template: Template) -> dict[str, dict[str, object]]:
    return {each["AlarmDescription"].partition(":")[0]: each for each in template.all("CloudWatch::Alarm")}


@pytest.mark.parametrize(
    ("function", "errors"), [("WebSocket", 1), ("Worker", 1), ("Sweeper", 1), ("Authorizer", 20)]
)
def test_functions_are_watched_when_they_fail_or_are_held_up(
    dev: Template, function: str, errors: int
) -> None:
    watched = alarms(dev)

    assert watched[f"{function}Errors"]["Threshold"] == errors
    assert watched[f"{function}Throttles"]["Threshold"] == 1


def test_alarm_comes_before_the_timeout_does(dev: Template) -> None:
    alarm = alarms(dev)["WebSocketNearTimeout"]

    assert alarm["Threshold"] == 20_000
    assert alarm["ExtendedStatistic"] == "p99"


@pytest.mark.parametrize(("name", "outcome"), [("Ghosts", "gone"), ("SendFailures", "failed")])
def test_deliveries_are_watched_by_their_share(dev: Template, name: str, outcome: str) -> None:
    metrics = json.dumps(alarms(dev)[name]["Metrics"])

    assert f"100 * FILL({outcome}, 0)" in metrics
    assert '"Value": "signalbox-dev"' in metrics


@pytest.mark.parametrize(
    ("metric", "threshold"), [("Unexpected", 1), ("Unavailable", 10), ("SlicesGivenUp", 1)]
)
def test_what_the_error_boundary_answers_is_watched_by_what_the_application_counts(
    dev: Template, metric: str, threshold: int
) -> None:
    alarm = alarms(dev)[metric]

    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("Signalbox", metric, "Sum")
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "signalbox-dev"}]
    assert alarm["Threshold"] == threshold
    assert any(f'"{metric}"' in each.read_text() for each in (ROOT / "signalbox").rglob("*.py"))


def test_somebody_is_told_when_the_stage_names_them(dev: Template, prod: Template) -> None:
    (topic,) = prod.of("SNS::Topic")
    subscription = prod.one("SNS::Subscription")

    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@example.com")
    for alarm in prod.all("CloudWatch::Alarm"):
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]
    assert not dev.of("SNS::Topic")


def test_silence_is_no_alarm(dev: Template) -> None:
    assert {each["TreatMissingData"] for each in dev.all("CloudWatch::Alarm")} == {"notBreaching"}


def test_every_alarm_is_explained_when_somebody_looks_it_up(dev: Template) -> None:
    manual = OPERATIONS.read_text()

    assert [name for name in alarms(dev) if f"`{name}`" not in manual] == []


def test_every_alarm_is_paid_for(dev: Template) -> None:
    looked_at = [
        len([m for m in each.get("Metrics", [{}]) if "Expression" not in m])
        for each in dev.all("CloudWatch::Alarm")
    ]

    assert (len(looked_at), sum(looked_at)) == (month.ALARMS, month.ALARM_METRICS)
