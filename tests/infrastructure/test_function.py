"""Covers signalbox.constructs.deployment."""

import pytest
from aws_cdk import App
from constructs import IConstruct

from tests.infrastructure.templates import Template

INTEGRATION_TIMEOUT = 29


def test_functions_run_on_arm_and_the_newest_tested_python_when_synthesized(dev: Template) -> None:
    for function in dev.all("Lambda::Function"):
        assert function["Architectures"] == ["arm64"]
        assert function["Runtime"] == "python3.13"
        assert function["MemorySize"] == 1_024


def test_functions_log_json_to_groups_that_forget_when_synthesized(dev: Template, prod: Template) -> None:
    for template, days in ((dev, 30), (prod, 30)):
        groups = template.of("Logs::LogGroup")
        for function in template.all("Lambda::Function"):
            group = groups[function["LoggingConfig"]["LogGroup"]["Ref"]]
            assert function["LoggingConfig"]["LogFormat"] == "JSON"
            assert group["Properties"]["RetentionInDays"] == days


def test_functions_reserve_no_concurrency_when_synthesized(dev: Template, prod: Template) -> None:
    for function in dev.all("Lambda::Function") + prod.all("Lambda::Function"):
        assert "ReservedConcurrentExecutions" not in function


def test_websocket_function_ends_before_api_gateway_gives_up(dev: Template) -> None:
    _, function = dev.function("handlers.websocket.handler")

    assert function["Timeout"] == 25 < INTEGRATION_TIMEOUT


def test_functions_are_traced_only_when_the_stage_says_so(dev: Template, prod: Template) -> None:
    assert all("TracingConfig" not in function for function in dev.all("Lambda::Function"))
    assert all(function["TracingConfig"] == {"Mode": "Active"} for function in prod.all("Lambda::Function"))


def test_sandboxes_are_kept_warm_only_when_the_stage_says_so(dev: Template, prod: Template) -> None:
    assert not dev.of("Lambda::Alias")
    assert prod.one("Lambda::Alias")["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": 2}


def test_events_go_to_warm_sandboxes_when_there_are_any(prod: Template) -> None:
    (alias,) = prod.of("Lambda::Alias")

    assert all(
        f"'Ref': '{alias}'" in str(each["IntegrationUri"]) for each in prod.all("ApiGatewayV2::Integration")
    )


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_metrics_name_their_stage_when_two_share_an_account(
    templates: dict[str, Template], stage: str
) -> None:
    for function in templates[stage].all("Lambda::Function"):
        assert function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == f"signalbox-{stage}"


RULE = "Annotation::Serverless-LambdaDLQ"
INVOKED = {
    "WebSocketFunction": "synchronously",
    "Authorizer/Function": "synchronously",
    "FanOut/Worker": "queue that invokes it",
    "Sweeper/Function": "by the next",
}


@pytest.mark.parametrize("path", INVOKED)
def test_reason_to_do_without_a_dead_letter_queue_is_that_of_the_function(
    app: App, templates: dict[str, Template], path: str
) -> None:
    function: IConstruct = app.node.find_child("signalbox-prod").node.find_child("Default")
    for name in path.split("/"):
        function = function.node.find_child(name)

    (reason,) = [each.data[RULE] for each in function.node.metadata if RULE in (each.data or ())]

    assert INVOKED[path] in reason
