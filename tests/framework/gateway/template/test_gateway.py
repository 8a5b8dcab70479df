"""Whatever is wrong in a template, it is one line and no traceback."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.gateway import Config, ConfigError
from signalbox.gateway.template import TemplateGateway
from tests.conftest import ROOT

CDK = ROOT / "tests" / "local" / "templates" / "cdk"
TEMPLATE = json.loads((CDK / "Chat.template.json").read_text())
NONSENSE: list[Any] = [
    *(None, True, "", "x", 5, -1, 1.5, float("nan"), [], {}, [[]]),
    *({"Ref": None}, {"Ref": "Nobody"}, {"Ref": "AWS::NoValue"}, {"Ref": "ApiF70053CD"}),
    *({"Fn::Sub": "${"}, {"Fn::Sub": ["${a}", None]}, {"Fn::GetAtt": [1, 2]}, {"Fn::If": []}),
    *({"Fn::Split": [1, 2]}, {"Fn::Join": [None, []]}, {"Fn::Unknown": 1}, {"Condition": "Nothing"}),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a value, by the keys and indexes that lead there."""
    for key, item in enumerate(value) if isinstance(value, list) else value.items():
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from places(item, (*path, key))


@settings(deadline=None)
@given(st.sampled_from(list(places(TEMPLATE))), st.sampled_from(NONSENSE))
def test_error_is_one_line_when_any_part_of_a_template_is_nonsense(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[Any, ...], nonsense: Any
) -> None:
    template = part = copy.deepcopy(TEMPLATE)
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = nonsense
    file = tmp_path_factory.getbasetemp() / "Chat.template.json"
    file.write_text(json.dumps(template))
    if not (asset := file.with_name("asset.5c0ffee")).exists():
        asset.symlink_to(CDK / "asset.5c0ffee")
    try:
        TemplateGateway(file, Config())
    except ConfigError as error:
        assert "\n" not in str(error)  # noqa: PT017 - it may be raised or not
