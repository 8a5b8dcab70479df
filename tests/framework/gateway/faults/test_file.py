"""Fault plans in JSON: the same words as in Python, and one line for what is wrong."""

import json
from pathlib import Path

import pytest

from signalbox.gateway import ConfigError, Throttle
from signalbox.gateway.faults.file import read_plan
from signalbox.gateway.faults.plan import Delay, FaultPlan, Hang, Kill, Shuffle


def test_plan_is_read_when_it_holds_every_kind_of_value(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    faults = [
        {"fault": "delay", "kind": "message", "seconds": [0, 0.3], "connection": 2, "nth": 1},
        {"fault": "shuffle", "kind": "post", "window": 5},
        {"fault": "hang", "chance": 0.01, "delivered": True},
        {"fault": "kill", "call": 12},
        {"fault": "throttle", "rate": 200, "burst": 20},
    ]
    file.write_text(json.dumps({"seed": 7, "clock_rate": 600, "faults": faults}))
    assert read_plan(file) == FaultPlan(
        Delay("message", (0, 0.3), connection=2, nth=1),
        Shuffle("post", 5),
        Hang(chance=0.01, delivered=True),
        Kill(12),
        Throttle(200, 20),
        seed=7,
        clock_rate=600,
    )


def test_plan_has_no_faults_when_the_file_has_none(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text("{}")
    assert read_plan(file) == FaultPlan()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "Expecting property name"),
        ("[]", "a plan is not an object"),
        ('{"sed": 7}', "a plan has no sed"),
        ('{"seed": "7"}', "seed of a faultplan is '7', which is not a whole number"),
        ('{"faults": {"fault": "drop"}}', "faults is not a list"),
        ('{"faults": [7]}', "there is no fault None"),
        ('{"faults": [{"kind": "post"}]}', "there is no fault None"),
        ('{"faults": [{"fault": "explode"}]}', "there is no fault 'explode', but drop, delay"),
        ('{"faults": [{"fault": "drop"}]}', "a drop needs kind"),
        ('{"faults": [{"fault": "drop", "kind": "post", "often": 1}]}', "a drop has no often"),
        ('{"faults": [{"fault": "drop", "kind": ["post"]}]}', "kind of a drop is"),
        ('{"faults": [{"fault": "throttle", "rate": "x", "burst": 1}]}', "rate of a throttle is 'x'"),
        ('{"faults": [{"fault": "throttle", "rate": 1, "burst": -1}]}', "burst of a throttle is -1"),
    ],
)
def test_complaint_is_one_line_with_the_file_when_a_plan_makes_no_sense(
    tmp_path: Path, text: str, complaint: str
) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        read_plan(file)
    assert str(refused.value).startswith(f"fault plan {file}: {complaint}")
    assert "\n" not in str(refused.value)


def test_complaint_names_the_file_when_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"fault plan .*missing.json: No such file"):
        read_plan(tmp_path / "missing.json")
