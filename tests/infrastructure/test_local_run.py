"""The local run and the deployed stage are the same application: neither can drift from the other.

Covers signalbox.dev.queues.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from pydantic import AliasChoices, BaseModel

from signalbox.constructs.stage import Limits as Limited
from signalbox.dev import queues, run
from signalbox.dev.project import find_project
from signalbox.gateway.config import Config, Limits
from signalbox.gateway.template.apis import stages_of
from signalbox.gateway.template.template import Template as Reader
from signalbox.identity.settings import IdentitySettings
from signalbox.realtime.settings import RealtimeSettings
from tests.conftest import ROOT
from tests.infrastructure.templates import Template, text

PROJECT = find_project(ROOT)
LAMBDAS_OWN = {"AWS_REGION", "AWS_DEFAULT_REGION"}
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:tickets"
POWERTOOLS = "POWERTOOLS_"
HANDLERS = ["handlers.websocket.handler", "handlers.worker.handler", "handlers.sweeper.handler"]


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

    assert {PROJECT.websocket, PROJECT.authorizer} <= deployed
    assert dev.function(PROJECT.websocket)[0] in text(dev.one("ApiGatewayV2::Integration")["IntegrationUri"])
    assert dev.function(PROJECT.authorizer)[0] in text(dev.one("ApiGatewayV2::Authorizer")["AuthorizerUri"])


def test_functions_have_the_time_here_that_they_have_there(dev: Template) -> None:
    there = {each["Handler"]: each["Timeout"] for each in dev.all("Lambda::Function")}

    assert there[PROJECT.websocket] == Limits().function_timeout
    assert there[PROJECT.sweeper] == run.SWEEP_TIMEOUT
    # Here nobody wants to wait for what a crash left behind.
    assert there[PROJECT.worker] > queues.WORKER_TIMEOUT


def test_template_runs_here_as_it_is(app: App, templates: dict[str, Template]) -> None:
    read = Reader(Path(app.outdir) / "signalbox-dev.template.json", "us-east-1", {})
    (stage,) = stages_of(read, Config())
    here = Config(authorizer=PROJECT.authorizer)
    same = ("routes", "two_way", "route_selection", "identity_sources", "authorizer")

    assert [getattr(stage.config, name) for name in same] == [getattr(here, name) for name in same]
    assert {function.handler for function in stage.routes.values()} == {PROJECT.websocket}
    assert {function.timeout for function in stage.routes.values()} == {Limits().function_timeout}
    assert [each.partition(": ")[2] for each in read.unsupported] == [
        "AWS::Lambda::EventSourceMapping is not supported"
    ]


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_application_starts_with_what_the_stage_tells_it(
    templates: dict[str, Template], stage: str, handler: str
) -> None:
    told = variables(templates[stage], handler) | {"FANOUT_QUEUE_URL": "https://sqs.test/queue"}
    told |= {"TICKET_SECRET": ARN} if "TICKET_SECRET" in told else {}

    RealtimeSettings.from_environment({**told, "AWS_REGION": "eu-west-1"})
    known = set(names(RealtimeSettings)) | LAMBDAS_OWN
    assert [name for name in told if name not in known and not name.startswith(POWERTOOLS)] == []


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_authorizer_starts_with_what_the_stage_tells_it(templates: dict[str, Template], stage: str) -> None:
    told = variables(templates[stage], PROJECT.authorizer) | {"TICKET_SECRET": ARN}

    IdentitySettings.from_environment(told)
    known = set(names(IdentitySettings))
    assert [name for name in told if name not in known and not name.startswith(POWERTOOLS)] == []


def test_limits_are_the_applications_own_when_a_stage_sets_none(dev: Template) -> None:
    told = variables(dev, PROJECT.websocket)
    told |= {"FANOUT_QUEUE_URL": "https://sqs.test/queue", "TICKET_SECRET": ARN}
    deployed = RealtimeSettings.from_environment({**told, "AWS_REGION": "eu-west-1"})

    assert {name: getattr(deployed, name) for name in Limited.model_fields} == {
        name: RealtimeSettings.model_fields[name].default for name in Limited.model_fields
    }


def test_local_run_tells_the_application_nothing_that_a_stage_does_not(dev: Template) -> None:
    here = run._application_environment("http://127.0.0.1/queue").keys()
    there = {name for each in dev.all("Lambda::Function") for name in each["Environment"]["Variables"]}

    assert {name for name in here if not name.startswith(POWERTOOLS)} - there <= {"DEBUG"}
