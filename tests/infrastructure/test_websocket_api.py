import json

import pytest

from tests.infrastructure.conftest import EMULATOR
from tests.infrastructure.templates import Template, text

ROUTES = {"$connect", "$disconnect", "$default"}


def test_three_routes_lead_to_one_function_when_synthesized(dev: Template) -> None:
    routes = dev.routes()

    assert routes.keys() == ROUTES
    assert len({text(route["Target"]) for route in routes.values()}) == 1
    assert len(dev.of("ApiGatewayV2::Integration")) == 1


def test_replies_reach_the_client_only_on_default(dev: Template) -> None:
    routes = dev.of("ApiGatewayV2::Route")
    response = dev.one("ApiGatewayV2::RouteResponse")

    assert routes[response["RouteId"]["Ref"]]["Properties"]["RouteKey"] == "$default"
    assert response["RouteResponseKey"] == "$default"
    assert {key for key, route in dev.routes().items() if "RouteResponseSelectionExpression" in route} == {
        "$default"
    }


def test_authorizer_is_asked_on_connect_and_nowhere_else(dev: Template) -> None:
    routes = dev.routes()
    (authorizer,) = dev.of("ApiGatewayV2::Authorizer")

    assert routes["$connect"]["AuthorizationType"] == "CUSTOM"
    assert routes["$connect"]["AuthorizerId"] == {"Ref": authorizer}
    assert routes["$disconnect"]["AuthorizationType"] == routes["$default"]["AuthorizationType"] == "NONE"


def test_w54_authorizer_needs_no_header_when_a_browser_connects(dev: Template) -> None:
    assert dev.one("ApiGatewayV2::Authorizer")["IdentitySource"] == []


def test_stage_is_deployed_when_its_routes_are_there(dev: Template) -> None:
    (stage,) = dev.of("ApiGatewayV2::Stage").values()

    assert stage["Properties"]["AutoDeploy"] is True
    assert {*dev.of("ApiGatewayV2::Route"), *dev.of("ApiGatewayV2::RouteResponse")} <= {*stage["DependsOn"]}


def test_api_may_call_its_function_and_its_authorizer(dev: Template) -> None:
    callers = [
        text(each["FunctionName"])
        for each in dev.all("Lambda::Permission")
        if each["Principal"] == "apigateway.amazonaws.com"
    ]
    called = [dev.function(f"handlers.{name}.handler")[0] for name in ("websocket", "authorizer")]

    assert {f"<{name}.Arn>" for name in called} == set(callers)


def test_stage_is_throttled_and_measured_when_synthesized(dev: Template) -> None:
    assert dev.one("ApiGatewayV2::Stage")["DefaultRouteSettings"] == {
        "DetailedMetricsEnabled": True,
        "ThrottlingRateLimit": 500,
        "ThrottlingBurstLimit": 250,
    }


def test_s04_access_log_shows_no_query_string_when_a_ticket_is_in_it(dev: Template) -> None:
    settings = dev.one("ApiGatewayV2::Stage")["AccessLogSettings"]
    fields = json.loads(settings["Format"])

    assert {"requestId", "connectionId", "identity_sourceIp", "status"} <= fields.keys()
    assert not any(word in settings["Format"].lower() for word in ("query", "header", "path"))
    assert dev.of("Logs::LogGroup")[settings["DestinationArn"]["Fn::GetAtt"][0]]["Properties"][
        "RetentionInDays"
    ]


def test_f09_functions_post_to_the_api_itself_when_it_has_a_domain(prod: Template) -> None:
    _, function = prod.function("handlers.websocket.handler")
    endpoint = text(function["Environment"]["Variables"]["MANAGEMENT_ENDPOINT"])

    assert endpoint.startswith("https://<WebSocketApi")
    assert endpoint.endswith(".execute-api.<AWS::Region>.<AWS::URLSuffix>/prod")


def test_emulator_is_asked_for_nothing_it_lacks_when_deployed_to(emulated: Template, dev: Template) -> None:
    _, function = emulated.function("handlers.websocket.handler")
    endpoint = text(function["Environment"]["Variables"]["MANAGEMENT_ENDPOINT"])

    assert not emulated.of("ApiGatewayV2::RouteResponse")
    assert endpoint.startswith(f"{EMULATOR}/_aws/execute-api/<WebSocketApi")
    assert text(emulated.outputs["WebSocketUrl"]["Value"]).startswith("ws://127.0.0.1:4566/_aws/")
    assert dev.kinds() - emulated.kinds() == {
        "AWS::ApiGatewayV2::RouteResponse": 1,
        "AWS::CloudWatch::Alarm": 2,
    }


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_address_is_an_output_when_synthesized(templates: dict[str, Template], stage: str) -> None:
    assert text(templates[stage].outputs["WebSocketUrl"]["Value"]).startswith("wss://")
