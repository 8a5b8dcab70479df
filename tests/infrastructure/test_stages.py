"""The stages of `cdk.json`, as the application has them."""

import json

import pytest

from signalbox.constructs.stage import read_stage
from tests.conftest import ROOT

CONTEXT = json.loads((ROOT / "cdk.json").read_text())["context"]
NAME, STAGES = CONTEXT["name"], CONTEXT["stages"]


def test_dev_can_be_deployed_as_it_stands() -> None:
    dev = read_stage(STAGES, "dev", NAME)

    assert not dev.retain
    assert "http://localhost:8000" in dev.origins


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_other_stages_are_complete_but_for_their_origins(name: str) -> None:
    settings = {**STAGES[name], "origins": ["https://app.example.com"]}

    assert read_stage({name: settings}, name, NAME).name == name
