"""What references and intrinsic functions come to."""

from typing import Any

import pytest

from signalbox.gateway.errors import TemplateError
from signalbox.gateway.template.values import ValueResolver

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Size": {"Type": "Number", "Default": 3},
        "Rooms": {"Type": "CommaDelimitedList", "Default": "hall, kitchen"},
        "Secret": {"Type": "String"},
    },
    "Mappings": {"Names": {"eu-west-1": {"Table": "people"}}},
    "Conditions": {
        "Small": {"Fn::Equals": [{"Ref": "Size"}, "3"]},
        "Large": {"Fn::Not": [{"Condition": "Small"}]},
        "Both": {"Fn::And": [{"Condition": "Small"}, {"Condition": "Large"}]},
        "Either": {"Fn::Or": [{"Condition": "Small"}, {"Condition": "Large"}]},
        "Circle": {"Condition": "Circle"},
    },
    "Resources": {
        "Table": {
            "Type": "AWS::DynamoDB::GlobalTable",
            "Properties": {"TableName": {"Fn::Sub": "t-${Size}"}},
        },
        "Role": {"Type": "AWS::IAM::Role"},
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "chat"}},
        "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"StageName": "dev"}},
        "Function": {"Type": "AWS::Lambda::Function"},
        "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
        "Live": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {"FunctionName": {"Fn::GetAtt": ["Function", "Arn"]}, "Name": "live"},
        },
    },
}
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:000000000000:function:Function"


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def values(notes: list[str]) -> ValueResolver:
    return ValueResolver(TEMPLATE, "eu-west-1", "stack", {}, notes.append)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Size"}, "3"),
        ({"Ref": "Rooms"}, ["hall", "kitchen"]),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "AWS::StackName"}, "stack"),
        ({"Ref": "Table"}, "t-3"),
        ({"Ref": "Role"}, "Role"),
        ({"Ref": "Api"}, "Api"),
        ({"Ref": "Stage"}, "dev"),
        ({"Ref": "Function"}, "Function"),
        ({"Ref": "Version"}, FUNCTION_ARN),
        ({"Ref": "Live"}, FUNCTION_ARN),
        ({"Fn::GetAtt": ["Function", "Arn"]}, FUNCTION_ARN),
        ({"Fn::GetAtt": "Function.Arn"}, FUNCTION_ARN),
        ({"Fn::GetAtt": ["Table", "StreamArn"]}, "arn:aws:dynamodb:eu-west-1:000000000000:globaltable/t-3"),
        ({"Fn::GetAtt": ["Api", "ApiId"]}, "Api"),
        ({"Fn::GetAtt": ["Api", "ApiEndpoint"]}, "wss://Api.execute-api.eu-west-1.amazonaws.com"),
        ({"Fn::Sub": "${Stage}/${Function.Arn}/${!Stage}"}, f"dev/{FUNCTION_ARN}/${{Stage}}"),
        ({"Fn::Sub": ["${a}-${Size}", {"a": {"Ref": "Stage"}}]}, "dev-3"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Size"}, 1, True]]}, "a-3-1-true"),
        ({"Fn::Join": ["+", {"Ref": "Rooms"}]}, "hall+kitchen"),
        ({"Fn::Select": ["1", {"Ref": "Rooms"}]}, "kitchen"),
        ({"Fn::Select": [0, {"Fn::Split": ["/", "a/b"]}]}, "a"),
        ({"Fn::If": ["Small", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Large", "yes", "no"]}, "no"),
        ({"Fn::If": ["Both", "yes", "no"]}, "no"),
        ({"Fn::If": ["Either", "yes", "no"]}, "yes"),
        ({"Fn::FindInMap": ["Names", {"Ref": "AWS::Region"}, "Table"]}, "people"),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 1]}, {"b": [1]}),
        ({"plain": [1, "two", None]}, {"plain": [1, "two"]}),
    ],
)
def test_value_is_resolved_when_it_is_an_intrinsic(values: ValueResolver, value: Any, expected: Any) -> None:
    assert values.resolve(value) == expected


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"Ref": "Nobody"}, "'Nobody' is neither a parameter nor a resource"),
        ({"Fn::Sub": "${Nobody.Arn}"}, "'Nobody' is neither a parameter nor a resource"),
        ({"Ref": "Secret"}, "parameter Secret has no default: --parameter Secret=VALUE sets it"),
        ({"Ref": ["Size"]}, r"Ref \['Size'\] makes no sense"),
        ({"Fn::Join": "x"}, "Fn::Join x makes no sense"),
        ({"Fn::Select": [5, {"Ref": "Rooms"}]}, "Fn::Select .* makes no sense"),
        ({"Fn::FindInMap": ["Names", "nowhere", "Table"]}, "Fn::FindInMap .* makes no sense"),
        ({"Fn::If": ["Unheard", 1, 2]}, "there is no condition 'Unheard'"),
        ({"Fn::GetAtt": "Function"}, "Fn::GetAtt Function makes no sense"),
        ({"Fn::Sub": ["x" * 200]}, "Fn::Sub .{80} makes no sense"),
    ],
)
def test_complaint_is_one_line_when_a_value_makes_no_sense(
    values: ValueResolver, value: Any, complaint: str
) -> None:
    with pytest.raises(TemplateError, match=f"^{complaint}") as caught:
        values.resolve(value)
    assert "\n" not in str(caught.value)


def test_value_is_empty_and_named_when_its_function_is_not_supported(
    values: ValueResolver, notes: list[str]
) -> None:
    assert values.resolve({"a": {"Fn::ImportValue": "network"}}) == {"a": ""}
    assert notes == ["Fn::ImportValue network is not supported: its value is empty"]


def test_parameter_is_taken_when_one_is_given(notes: list[str]) -> None:
    given = {"Secret": "s3cret", "Size": "4"}
    values = ValueResolver(TEMPLATE, "eu-west-1", "stack", given, notes.append)
    assert values.resolve([{"Ref": "Secret"}, {"Ref": "Table"}]) == ["s3cret", "t-4"]
    assert not values.holds("Small")


def test_parameter_is_refused_when_the_template_has_none_of_that_name(notes: list[str]) -> None:
    with pytest.raises(TemplateError, match="the template has no parameter Colour"):
        ValueResolver(TEMPLATE, "eu-west-1", "stack", {"Colour": "red", "Size": "1"}, notes.append)
