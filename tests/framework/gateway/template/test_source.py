"""Templates as text: JSON, YAML with short tags, and what is neither.

Covers signalbox.gateway.template.tags.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from signalbox.gateway.errors import MissingPackageError, TemplateError
from signalbox.gateway.template.source import read_template
from tests.conftest import ROOT

YAML = """
AWSTemplateFormatVersion: 2010-09-09
Conditions:
  Same: !Equals [a, !Ref B]
Resources:
  Table:
    One: !Ref Name
    Two: !GetAtt Function.Arn.More
    Three: !GetAtt [Function, Arn]
    Four: !Sub ["${x}", {x: !Ref Y}]
    Five:
      Fn::Join: ["-", [a, !Sub "b"]]
    Six: !If [Same, {a: !Ref Y}, !Ref "AWS::NoValue"]
    Seven: !Not [!Condition Same]
    Eight: !Transform {Name: x}
"""


def test_yaml_is_what_json_would_say_when_it_has_short_tags(tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(YAML)
    template = read_template(file)
    assert template["Conditions"] == {"Same": {"Fn::Equals": ["a", {"Ref": "B"}]}}
    assert template["Resources"]["Table"] == {
        "One": {"Ref": "Name"},
        "Two": {"Fn::GetAtt": ["Function", "Arn.More"]},
        "Three": {"Fn::GetAtt": ["Function", "Arn"]},
        "Four": {"Fn::Sub": ["${x}", {"x": {"Ref": "Y"}}]},
        "Five": {"Fn::Join": ["-", ["a", {"Fn::Sub": "b"}]]},
        "Six": {"Fn::If": ["Same", {"a": {"Ref": "Y"}}, {"Ref": "AWS::NoValue"}]},
        "Seven": {"Fn::Not": [{"Condition": "Same"}]},
        "Eight": {"Fn::Transform": {"Name": "x"}},
    }


@pytest.mark.parametrize("name", ["a.json", "a.template", "a.yaml"])
def test_json_is_read_when_the_text_is_json_whatever_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps({"Resources": {}}))
    assert read_template(tmp_path / name) == {"Resources": {}}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"Resources": {}', "is broken: Expecting ',' delimiter: line 1 column 17"),
        ("Resources: {", "is broken: while parsing a flow node"),
        ("Resources:\n\t- x", "is broken: while scanning"),
        ("just text", "has no Resources"),
        ("[1]", "has no Resources"),
        ("", "has no Resources"),
        ("{}", "has no Resources"),
        ("Resources:", "Resources is no mapping"),
        ("Parameters: [a]\nResources: {}", "Parameters is no mapping"),
        ("[" * 1_000, "is broken"),
        ("\x00", "is broken"),
    ],
)
def test_complaint_is_one_line_when_a_template_is_broken(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "template"
    file.write_text(text)
    with pytest.raises(TemplateError) as caught:
        read_template(file)
    assert complaint in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_complaint_is_one_line_when_there_is_no_template(tmp_path: Path) -> None:
    with pytest.raises(
        TemplateError, match=f"^cannot read template {tmp_path}/x: No such file or directory$"
    ):
        read_template(tmp_path / "x")


def test_complaint_is_one_line_when_a_template_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TemplateError, match="is broken: 'utf-8' codec"):
        read_template(tmp_path / "x")


def test_error_names_the_extra_when_yaml_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    monkeypatch.delitem(sys.modules, "signalbox.gateway.template.tags", raising=False)
    (tmp_path / "template.yaml").write_text("Resources: {}")

    with pytest.raises(MissingPackageError) as missing:
        read_template(tmp_path / "template.yaml")

    install = "pip install 'signalbox[gateway]'"
    assert str(missing.value) == f"signalbox gateway needs the package pyyaml: {install}"


def test_yaml_and_templates_are_not_imported_when_the_gateway_is() -> None:
    imports = "import sys, signalbox.gateway.command, signalbox.dev.run"
    code = f"{imports}; print({{'yaml', 'signalbox.gateway.template'}} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
