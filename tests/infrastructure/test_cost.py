from signalbox.pricing import broadcast as application
from signalbox.pricing import month as cost
from signalbox.pricing import prices
from signalbox.pricing.month import LOADS, OPERATIONS, Load, Usage, month, read_units
from tests.infrastructure.templates import Template

UNITS = read_units(OPERATIONS.read_text())


def test_table_in_the_manual_is_what_the_script_prints() -> None:
    assert cost.table() in OPERATIONS.read_text()


def test_prices_are_those_the_application_reports() -> None:
    ours = (prices.MESSAGE, prices.QUEUE_REQUEST, prices.READ_UNIT, prices.WRITE_UNIT)

    assert [round(price * 1e6, 6) for price in ours] == [
        application.MESSAGE,
        application.QUEUE_REQUEST,
        application.READ_UNIT,
        application.WRITE_UNIT,
    ]


def test_broadcasts_are_priced_as_the_application_does() -> None:
    (*_, listening) = LOADS
    usage = Usage.of(Load("quiet", people=listening.people))
    quiet, loud = (month(load, UNITS) for load in (Load("", people=listening.people), listening))
    posts = Usage.of(listening).posts
    estimated = cost.MONTH * application.estimate(listening.people, 0, 1_000, slices=cost.SHARDS)
    cheaper = (prices.MESSAGE - prices.CHEAPER_MESSAGE) * (usage.messages + posts - prices.CHEAPER_BEYOND)

    added = sum(loud[service] - quiet[service] for service in ("API Gateway", "DynamoDB", "SQS"))

    assert abs(added + cheaper - estimated) / estimated < 0.01


def test_every_alarm_is_paid_for(dev: Template) -> None:
    looked_at = [
        len([m for m in each.get("Metrics", [{}]) if "Expression" not in m])
        for each in dev.all("CloudWatch::Alarm")
    ]

    assert (len(looked_at), sum(looked_at)) == (cost.ALARMS, cost.ALARM_METRICS)


def test_idle_stack_costs_what_it_is_watched_with() -> None:
    idle = month(LOADS[0], UNITS)

    assert idle["API Gateway"] == 0
    assert sum(idle.values()) < 10
