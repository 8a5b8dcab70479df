"""The local run and the deployed stage are the same application: neither can drift from the other."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import AliasChoices, BaseModel

from dev import run
from handlers.identity.settings import IdentitySettings
from handlers.settings import Settings
from local_gateway.config import Config, Limits
from tests.infrastructure.templates import Template, text

LAMBDAS_OWN = {"AWS_REGION", "AWS_DEFAULT_REGION"}
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:tickets"
POWERTOOLS = "POWERTOOLS_"
HANDLERS = ["handlers.websocket.handler", "handlers.fanout_worker.handler", "handlers.sweeper.handler"]


def names(settings: type[BaseModel]) -> Iterator[str]:
    for field in settings.model_fields.values():
        match field.validation_alias:
            case AliasChoices(choices=choices):
                yield from map(str, choices)
            case str(name):
                yield name


def variables(template: Template, handler: str) -> dict[str, str]:
    _, function = template.function(handler)
    found: dict[str, Any] = function["Environment"]["Variables"]
    return {name: text(value) for name, value in found.items()}


def test_functions_are_the_same_here_and_there(dev: Template) -> None:
    deployed = {function["Handler"] for function in dev.all("Lambda::Function")}

    assert {run.HANDLER, run.AUTHORIZER} <= deployed
    assert dev.function(run.HANDLER)[0] in text(dev.one("ApiGatewayV2::Integration")["IntegrationUri"])
    assert dev.function(run.AUTHORIZER)[0] in text(dev.one("ApiGatewayV2::Authorizer")["AuthorizerUri"])


def test_routes_are_the_same_here_and_there(dev: Template) -> None:
    here = Config()
    two_way = {key for key, route in dev.routes().items() if "RouteResponseSelectionExpression" in route}

    assert dev.routes().keys() == here.routes
    assert two_way == here.two_way
    assert dev.one("ApiGatewayV2::Api")["RouteSelectionExpression"] == here.route_selection
    assert tuple(dev.one("ApiGatewayV2::Authorizer")["IdentitySource"]) == here.identity_sources


def test_functions_have_the_same_time_here_and_there(dev: Template) -> None:
    assert dev.function(run.HANDLER)[1]["Timeout"] == Limits().function_timeout


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_application_starts_with_what_the_stage_tells_it(
    templates: dict[str, Template], stage: str, handler: str
) -> None:
    told = variables(templates[stage], handler) | {"FANOUT_QUEUE_URL": "https://sqs.test/queue"}

    Settings.from_environment({**told, "AWS_REGION": "eu-west-1"})
    known = set(names(Settings)) | LAMBDAS_OWN
    assert [name for name in told if name not in known and not name.startswith(POWERTOOLS)] == []


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_authorizer_starts_with_what_the_stage_tells_it(templates: dict[str, Template], stage: str) -> None:
    told = variables(templates[stage], run.AUTHORIZER) | {"TICKET_SECRET": ARN}

    IdentitySettings.from_environment(told)
    known = set(names(IdentitySettings))
    assert [name for name in told if name not in known and not name.startswith(POWERTOOLS)] == []


def test_local_run_tells_the_application_nothing_that_a_stage_does_not(dev: Template) -> None:
    here = run._application_environment("http://127.0.0.1/queue").keys()
    there = {name for each in dev.all("Lambda::Function") for name in each["Environment"]["Variables"]}

    assert {name for name in here if not name.startswith(POWERTOOLS)} - there <= {"DEBUG"}
