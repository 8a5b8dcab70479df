"""Covers signalbox.constructs.metrics."""

import json
import re

from tests.infrastructure.templates import Template, text


def body(template: Template) -> str:
    return text(template.one("CloudWatch::Dashboard")["DashboardBody"])


def test_dashboard_asks_three_questions(dev: Template) -> None:
    assert re.findall(r'"markdown":"# (.+?)"', body(dev)) == [
        "Is it healthy?",
        "Is it fast?",
        "What does it cost?",
    ]


def test_dashboard_shows_every_alarm(dev: Template) -> None:
    assert all(f"<{name}.Arn>" in body(dev) for name in dev.of("CloudWatch::Alarm"))


def test_dashboard_shows_what_the_application_counts_of_its_failures(dev: Template) -> None:
    (errors,) = (
        each for each in json.loads(body(dev))["widgets"] if each["properties"].get("title") == "Errors"
    )
    ours = [metric[1] for metric in errors["properties"]["metrics"] if metric[0] == "Signalbox"]

    assert ours == ["Unexpected", "Unavailable", "SlicesGivenUp"]


def test_cost_has_no_exponents_when_metric_math_reads_it(dev: Template) -> None:
    (expression,) = re.findall(r'"expression":"(12 \* .+?)"', body(dev))

    assert re.search(r"FILL\(messages, 0\) \* 1 \+ FILL\(reads, 0\) \* 0\.125", expression)
    assert not re.search(r"\de-", expression)
