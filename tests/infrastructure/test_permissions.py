"""Least privilege, for whatever functions there are."""

import pytest

from tests.infrastructure.templates import Template, listed, text


@pytest.mark.parametrize("stage", ["dev", "prod", "emulated"])
def test_nobody_may_do_everything_of_a_service(templates: dict[str, Template], stage: str) -> None:
    for statement in templates[stage].statements():
        assert not any("*" in action for action in listed(statement["Action"]))


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_nobody_may_scan(templates: dict[str, Template], stage: str) -> None:
    actions = [action for each in templates[stage].statements() for action in listed(each["Action"])]

    assert actions
    assert "dynamodb:Scan" not in actions


def test_nobody_reaches_beyond_the_stack_but_for_traces(dev: Template, prod: Template) -> None:
    everything = [each for each in dev.statements() if "*" in map(text, listed(each["Resource"]))]
    traced = [each for each in prod.statements() if "*" in map(text, listed(each["Resource"]))]

    assert everything == []
    assert {action for each in traced for action in each["Action"]} == {
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
    }


def test_posts_are_allowed_on_this_stage_alone(dev: Template) -> None:
    (api,) = dev.of("ApiGatewayV2::Api")
    resources = [
        text(resource)
        for each in dev.statements()
        if "execute-api:ManageConnections" in listed(each["Action"])
        for resource in listed(each["Resource"])
    ]

    assert resources
    assert {resource.partition(":execute-api:")[2] for resource in resources} == {
        f"<AWS::Region>:<AWS::AccountId>:<{api}>/dev/{method}/@connections/*" for method in ("POST", "DELETE")
    }


def test_authorizer_may_spend_tickets_and_read_their_secret_only(dev: Template) -> None:
    assert dev.actions("handlers.authorizer.handler") == {
        "dynamodb:PutItem",
        "secretsmanager:GetSecretValue",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }


def test_functions_may_write_their_own_log_only(dev: Template) -> None:
    for handler in (each["Handler"] for each in dev.all("Lambda::Function")):
        _, function = dev.function(handler)
        own = function["LoggingConfig"]["LogGroup"]["Ref"]
        written = [
            text(each["Resource"])
            for each in dev.statements(handler)
            if "logs:PutLogEvents" in listed(each["Action"])
        ]
        assert written == [f"<{own}.Arn>"]
