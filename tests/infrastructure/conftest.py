"""The templates of every stage, synthesized once, without bundling."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.infrastructure.requirements import need_node

need_node()

from aws_cdk import App
from aws_cdk import aws_lambda as lambda_

from cdk.stack import RealtimeStack
from signalbox.constructs.deployment import DeploymentSettings
from signalbox.constructs.stage import Stage
from tests.infrastructure.templates import Template

NAME = "signalbox"
ORIGIN = "https://app.example.com"
STAGES = {
    "dev": {"origins": ["http://localhost:8000"], "allow_guests": True, "removal": "destroy"},
    "prod": {
        "origins": [ORIGIN],
        "alarm_email": "ops@example.com",
        "region": "eu-west-1",
        "domain": {
            "name": "live.example.com",
            "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/1",
        },
        "tokens": {"issuer": "https://id.example.com/", "audience": "live"},
        "provisioned_concurrency": 2,
        "tracing": True,
        "account_logs": False,
    },
}
EMULATOR = "http://127.0.0.1:4566"


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """Two stages on AWS that differ in everything that can differ, and one on an emulator."""
    folder = tmp_path_factory.mktemp("assets")
    (folder / "handlers.py").touch()
    app = App(outdir=str(tmp_path_factory.mktemp("cdk.out")))
    for name, settings in STAGES.items():
        add_stage(app, folder, {"name": name, **settings})
    add_stage(app, folder, {**STAGES["dev"], "name": "emulated"}, emulator=EMULATOR)
    return app


def add_stage(app: App, folder: Path, settings: Mapping[str, object], emulator: str | None = None) -> None:
    stage = Stage.model_validate({"application": NAME, "throttle": {"rate": 500, "burst": 250}, **settings})
    code = dict.fromkeys(("websocket", "authorizer"), lambda_.Code.from_asset(str(folder)))
    RealtimeStack(app, DeploymentSettings(stage, code, emulator=emulator))


@pytest.fixture(scope="session")
def templates(app: App) -> dict[str, Template]:
    assembly = app.synth()
    return {
        name: Template(assembly.get_stack_by_name(f"signalbox-{name}").template)
        for name in (*STAGES, "emulated")
    }


@pytest.fixture
def dev(templates: dict[str, Template]) -> Template:
    return templates["dev"]


@pytest.fixture
def prod(templates: dict[str, Template]) -> Template:
    return templates["prod"]


@pytest.fixture
def emulated(templates: dict[str, Template]) -> Template:
    return templates["emulated"]
