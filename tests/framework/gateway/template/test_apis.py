"""Which stages, routes and functions a template comes to, and what of it is named as left out.

Covers signalbox.gateway.template.function_finder, signalbox.gateway.template.support.
Covers signalbox.gateway.template.template.
"""

import copy
import json
import shutil
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from signalbox.gateway import Config, Throttle
from signalbox.gateway.errors import TemplateError
from signalbox.gateway.sandboxes.sandbox import Function
from signalbox.gateway.stage import Stage
from signalbox.gateway.template.apis import stages_of
from signalbox.gateway.template.template import Template
from tests.conftest import ROOT

EXAMPLES = ROOT / "tests" / "local" / "templates"
CDK = json.loads((EXAMPLES / "cdk" / "Chat.template.json").read_text())
CONNECT, DEFAULT, GUARD = "ApiconnectRoute2B5B23F2", "ApidefaultRoute40D195EB", "ApiTokensFEAF71AF"
TO_DEFAULT, STAGE, HANDLER = "ApidefaultRouteToDefault58929CD3", "Stage0E8C2AF5", "Handler886CB40B"


def read(path: Path, **parameters: str) -> tuple[list[Stage[Function]], list[str]]:
    template = Template(path, "us-east-1", parameters)
    return stages_of(template, Config()), template.unsupported


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A copy of cdk's output, to be changed."""
    shutil.copytree(EXAMPLES / "cdk", tmp_path, dirs_exist_ok=True)
    return tmp_path / "Chat.template.json"


def change(stack: Path, logical_id: str, **properties: Any) -> None:
    """Set properties of a resource; None takes one away."""
    template = json.loads(stack.read_text())
    resource = template["Resources"].setdefault(logical_id, {})
    merged = resource.get("Properties", {}) | properties
    resource["Properties"] = {name: value for name, value in merged.items() if value is not None}
    stack.write_text(json.dumps(template))


def test_stage_of_cdk_has_its_routes_authorizer_and_functions() -> None:
    (stage,), unsupported = read(EXAMPLES / "cdk" / "Chat.template.json")
    config = stage.config
    assert unsupported == []
    assert (config.path, config.api_id) == ("prod", "ApiF70053CD")
    assert set(stage.routes) == {"$connect", "$disconnect", "$default"}
    assert config.two_way == {"$default"}
    assert config.identity_sources == ("route.request.querystring.token",)
    assert config.throttle == Throttle(100, 50)
    assert config.integration_timeouts["$default"] == 20
    assert stage.authorizer == Function(
        "chat.authorize", EXAMPLES / "cdk" / "asset.5c0ffee", {}, "Guard64B60F0F", 3
    )
    assert stage.routes["$default"] == Function(
        "chat.handler",
        EXAMPLES / "cdk" / "asset.5c0ffee",
        {
            "TABLE_NAME": "TableCD117FA1",
            "CALLBACK_URL": "https://ApiF70053CD.execute-api.us-east-1.amazonaws.com/prod",
        },
        HANDLER,
        10,
    )


def test_code_is_found_when_only_the_manifest_says_where(stack: Path) -> None:
    template = json.loads(stack.read_text())
    for resource in template["Resources"].values():
        resource.pop("Metadata", None)
    stack.write_text(json.dumps(template))
    (stage,), _ = read(stack)
    assert stage.routes["$default"].task_root == (stack.parent / "asset.5c0ffee").resolve()


def test_stages_of_several_apis_have_their_functions_and_paths() -> None:
    (chat, audit), unsupported = read(EXAMPLES / "two_apis.yaml")
    assert unsupported == []
    assert (chat.config.path, audit.config.path) == ("Chat/dev", "Audit/dev")
    assert {key: function.name for key, function in chat.routes.items()} == {
        "chat/join": "two_apis-chat",
        "chat/say": "two_apis-chat",
        "$default": "AuditFunction",
    }
    assert chat.routes["chat/join"].environment["TABLE"] == "two_apis-people"
    assert chat.config.two_way == {"chat/join", "$default"}
    assert chat.config.stage_variables == {"colour": "blue"}
    assert chat.config.route_throttles == {"chat/say": Throttle(0, 2)}
    assert chat.config.throttle == Throttle(200, 5_000)
    assert audit.routes["$default"].timeout == 1


def test_route_and_its_response_are_absent_when_their_condition_does_not_hold() -> None:
    (chat, _), _ = read(EXAMPLES / "two_apis.yaml", Room="private", Timeout="7")
    assert set(chat.routes) == {"chat/join", "chat/say"}
    assert chat.routes["chat/join"].environment["ROOM"] == "private"


@pytest.mark.parametrize("logical_id", [DEFAULT, "ApidefaultRouteResponse9A08446D"])
def test_route_is_one_way_when_it_lacks_half_of_what_answers_need(stack: Path, logical_id: str) -> None:
    change(stack, logical_id, RouteResponseSelectionExpression=None, RouteResponseKey="other")
    (stage,), _ = read(stack)
    assert stage.config.two_way == frozenset()


@pytest.mark.parametrize(
    ("logical_id", "properties", "lines"),
    [
        (
            TO_DEFAULT,
            {"IntegrationType": "MOCK"},
            ["route $default is left out: an integration of type MOCK is not supported"],
        ),
        (
            TO_DEFAULT,
            {"IntegrationUri": "arn:aws:lambda:eu-west-1:1:function:other"},
            [
                "arn:aws:lambda:eu-west-1:1:function:other is no function of this template",
                "route $default is left out, as its function is",
            ],
        ),
        (
            "Guard64B60F0F",
            {"Runtime": "nodejs22.x"},
            [
                "Guard64B60F0F: a function of runtime nodejs22.x does not run here",
                f"{GUARD} is left out, as its function is: all may connect",
            ],
        ),
        (
            "Guard64B60F0F",
            {"Code": {"ZipFile": "def authorize(): pass"}},
            [
                "Guard64B60F0F: its code is in no folder of this machine",
                f"{GUARD} is left out, as its function is: all may connect",
            ],
        ),
        (
            CONNECT,
            {"AuthorizationType": "AWS_IAM"},
            [f"{CONNECT}: authorization by AWS_IAM is not supported: all may connect"],
        ),
        (HANDLER, {"Layers": ["arn"], "VpcConfig": {}}, [f"{HANDLER}: Layers is ignored"]),
        (DEFAULT, {"ApiKeyRequired": True}, [f"{DEFAULT}: ApiKeyRequired is ignored"]),
        (DEFAULT, {"ApiKeyRequired": False}, []),
    ],
    ids=str,
)
def test_what_is_not_supported_is_named_and_the_rest_runs(
    stack: Path, logical_id: str, properties: dict[str, Any], lines: list[str]
) -> None:
    if "ZipFile" in str(properties):
        without_metadata = json.loads(stack.read_text())
        del without_metadata["Resources"][logical_id]["Metadata"]
        stack.write_text(json.dumps(without_metadata))
    change(stack, logical_id, **properties)
    (stage,), unsupported = read(stack)
    assert unsupported == lines
    assert {"$connect", "$disconnect"} <= set(stage.routes)


def test_resources_of_our_trade_are_named_and_others_are_not(stack: Path) -> None:
    template = json.loads(stack.read_text())
    template["Resources"] |= {
        "Model": {"Type": "AWS::ApiGatewayV2::Model"},
        "Domain": {"Type": "AWS::ApiGatewayV2::DomainName"},
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Polling": {"Type": "AWS::Lambda::EventSourceMapping"},
        "Web": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "HTTP"}},
        "WebStage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"ApiId": {"Ref": "Web"}}},
    }
    stack.write_text(json.dumps(template))
    (stage,), unsupported = read(stack)
    assert stage.config.path == "prod", "the HTTP API does not count"
    assert unsupported == [
        "Model: AWS::ApiGatewayV2::Model is not supported",
        "Domain: AWS::ApiGatewayV2::DomainName is not supported",
        "Polling: AWS::Lambda::EventSourceMapping is not supported",
        "Web: an API of protocol HTTP is not supported",
    ]


@pytest.mark.parametrize(
    ("logical_id", "properties", "complaint"),
    [
        (STAGE, {"StageName": None}, f"{STAGE}: StageName is missing, or no text"),
        (STAGE, {"StageName": "a b"}, f"{STAGE}: stage 'a b' is invalid"),
        (STAGE, {"StageVariables": "x"}, f"{STAGE}: StageVariables is no mapping"),
        (
            STAGE,
            {"DefaultRouteSettings": {"ThrottlingRateLimit": "x"}},
            f"{STAGE}: DefaultRouteSettings is no throttle",
        ),
        (
            STAGE,
            {"RouteSettings": {"$default": {"ThrottlingBurstLimit": -1}}},
            f"{STAGE}: RouteSettings.$default is no throttle",
        ),
        (STAGE, {"RouteSettings": {"$default": []}}, f"{STAGE}: RouteSettings.$default is no mapping"),
        (STAGE, {"ApiId": "elsewhere"}, "template *Chat.template.json has no stage of a WebSocket API"),
        (DEFAULT, {"RouteKey": "$mine"}, f"{STAGE}: route key '$mine' is reserved"),
        (DEFAULT, {"Target": "integrations/x"}, f"{DEFAULT}: its Target is no integration of the template"),
        (DEFAULT, {"Target": None}, f"{DEFAULT}: Target is missing"),
        (CONNECT, {"AuthorizerId": "x"}, f"{CONNECT}: its AuthorizerId is no authorizer of the template"),
        (GUARD, {"IdentitySource": ["X-Token"]}, f"{STAGE}: identity source 'X-Token' is not understood"),
        (TO_DEFAULT, {"TimeoutInMillis": "soon"}, f"{TO_DEFAULT}: TimeoutInMillis is no positive number"),
        (HANDLER, {"Timeout": 0}, f"{HANDLER}: Timeout is no positive number"),
        (HANDLER, {"Code": "nowhere", "Timeout": 1}, f"{HANDLER}: its code, */nowhere, does not exist"),
        (HANDLER, {"Environment": {"Variables": []}}, f"{HANDLER}: Environment.Variables is no mapping"),
        (HANDLER, {"Timeout": {"Ref": "AWS::Regio"}}, "'AWS::Regio' is neither a parameter"),
        (HANDLER, {"Handler": None}, f"{HANDLER}: Handler is missing"),
        ("ApiF70053CD", {"RouteSelectionExpression": "$x"}, f"{STAGE}: route selection '$x' is not"),
        ("New", {}, "New: a resource has a Type"),
    ],
    ids=str,
)
def test_complaint_is_one_line_when_a_template_makes_no_sense(
    stack: Path, logical_id: str, properties: dict[str, Any], complaint: str
) -> None:
    change(stack, logical_id, **properties)
    with pytest.raises(TemplateError) as caught:
        read(stack)
    assert fnmatch(str(caught.value), f"{complaint}*")
    assert "\n" not in str(caught.value)


SAM = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.13, Timeout: 9, Environment: {Variables: {A: 1, B: true}}}
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Function:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code/, Handler: app.handler, Environment: {Variables: {A: 2}}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:x:lambda:path/2015-03-31/functions/${Function.Arn}/invocations
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $default, Target: !Join [/, [integrations, !Ref Integration]]}
  Prod:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: Prod}
  Dev:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: Dev}
"""


def test_functions_of_sam_have_what_is_shared_and_several_stages_of_one_api_no_prefix(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(SAM)
    (tmp_path / "code").mkdir()
    stages, unsupported = read(tmp_path / "template.yaml")
    assert unsupported == []
    assert [stage.config.path for stage in stages] == ["Prod", "Dev"]
    function = stages[0].routes["$default"]
    assert (function.timeout, function.environment) == (9, {"A": "2", "B": "true"})
    assert function.task_root == (tmp_path / "code").resolve()


def test_complaint_names_the_manifest_when_that_is_broken(stack: Path) -> None:
    template = copy.deepcopy(CDK)
    del template["Resources"][HANDLER]["Metadata"]
    stack.write_text(json.dumps(template))
    (stack.parent / "Chat.assets.json").write_text("[]")
    with pytest.raises(TemplateError, match=r"Chat\.assets\.json is no list of assets"):
        read(stack)
