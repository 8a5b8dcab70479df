"""What the backend as a whole gives an application: its name, its logging, and the check of its settings."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from signalbox.constructs.errors import BackendError
from tests.infrastructure.templates import Template, text

if TYPE_CHECKING:
    from signalbox.constructs import RealtimeBackend

APPLICATION = ["handlers.websocket.handler", "handlers.worker.handler", "handlers.sweeper.handler"]


def named(template: Template) -> set[str]:
    """Every name and description that the template gives, apart from those of AWS's own services."""
    dashboard = template.one("CloudWatch::Dashboard")["DashboardName"]
    api = template.one("ApiGatewayV2::Api")["Name"]
    services = {
        function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for function in template.all("Lambda::Function")
    }
    dimensions = {
        each["Value"]
        for alarm in template.all("CloudWatch::Alarm")
        for each in alarm.get("Dimensions", ())
        if each["Name"] == "service"
    }
    return {dashboard, api, *services, *dimensions}


def test_everything_is_named_after_its_application_when_two_share_an_account(
    demo: Template, other: Template
) -> None:
    assert named(demo) == {"demo-dev"}
    assert named(other) == {"other-dev"}


def test_nothing_of_another_name_is_left_when_the_application_is_not_signalbox(demo: Template) -> None:
    # The metrics' namespace is the framework's; its dimension "service" keeps applications apart.
    written = (
        json.dumps(demo.resources).replace('"Namespace": "Signalbox"', "").replace('\\"Signalbox\\"', "")
    )

    assert "signalbox" not in written.lower()
    assert demo.one("SecretsManager::Secret")["Description"] == "Signs the tickets of Demo, stage dev"


def test_logical_ids_are_the_same_when_the_application_has_another_name(
    demo: Template, other: Template
) -> None:
    kept = {"AWS::DynamoDB::Table", "AWS::ApiGatewayV2::Api", "AWS::SecretsManager::Secret"}
    ids = [{id_ for id_, each in t.resources.items() if each["Type"] in kept} for t in (demo, other)]

    assert (
        ids[0]
        == ids[1]
        == {
            "ConnectionsTable916FDB22",
            "WebSocketApi273F6915",
            "AuthorizerTicketSecret6DFB413D",
        }
    )


def test_functions_log_what_the_stage_says(demo: Template) -> None:
    for function in demo.all("Lambda::Function"):
        assert function["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"] == "WARNING"
        assert function["LoggingConfig"]["ApplicationLogLevel"] == "WARN"


@pytest.mark.parametrize("handler", APPLICATION)
def test_application_is_told_of_debugging_when_the_stage_says_so(demo: Template, handler: str) -> None:
    assert demo.function(handler)[1]["Environment"]["Variables"]["DEBUG"] == "true"


def test_stack_is_refused_when_a_required_variable_is_set_nowhere(
    make_backend: "Callable[[str], RealtimeBackend]",
) -> None:
    backend = make_backend("Demanding")

    with pytest.raises(BackendError, match=r"Demanding needs STRIPE_KEY, which the stack does not set\. Add"):
        backend.check()

    backend.environment(STRIPE_KEY="sk", DATABASE_URL="postgres://")
    backend.check()


def test_synth_fails_when_it_was_not_started_by_the_framework(
    make_backend: "Callable[[str], RealtimeBackend]",
) -> None:
    from aws_cdk import App

    app = make_backend("Demanding").node.root
    assert isinstance(app, App)

    with pytest.raises(RuntimeError, match="Demanding needs STRIPE_KEY, which the stack does not set"):
        app.synth()


def test_addresses_are_outputs_of_the_stack(demo: Template) -> None:
    assert {"WebSocketUrl", "ManagementEndpoint", "TicketSecretArn", "TableName"} <= demo.outputs.keys()
    assert text(demo.outputs["WebSocketUrl"]["Value"]).startswith("wss://")
