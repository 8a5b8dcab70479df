from tests.infrastructure.templates import Template

HANDLER = "handlers.sweeper.handler"


def test_sweep_is_due_every_minute_and_over_by_the_next(dev: Template) -> None:
    rule = dev.one("Events::Rule")
    name, function = dev.function(HANDLER)

    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert rule["State"] == "ENABLED"
    assert [target["Arn"] for target in rule["Targets"]] == [{"Fn::GetAtt": [name, "Arn"]}]
    assert function["Timeout"] < 60


def test_sweep_is_not_repeated_when_it_failed(dev: Template) -> None:
    invocations = dev.one("Lambda::EventInvokeConfig")

    assert invocations["MaximumRetryAttempts"] == 0
    assert invocations["MaximumEventAgeInSeconds"] == 60


def test_sweep_sees_what_the_events_time_says(dev: Template) -> None:
    (target,) = dev.one("Events::Rule")["Targets"]

    assert not {"Input", "InputPath", "InputTransformer"} & target.keys()
