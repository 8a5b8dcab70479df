"""A whole small application, synthesized as the CDK's command does it: bundles, checks, one template."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from signalbox.constructs.bundling import AUTHORIZER_LOCK, FUNCTIONS_LOCK
from tests.conftest import ROOT
from tests.infrastructure.requirements import need_node

APP = """
import os, sys
from aws_cdk import Stack
from signalbox.constructs import RealtimeBackend, synthesize
from signalbox.constructs.errors import CdkError

class Small(Stack):
    def __init__(self, scope, deployment):
        super().__init__(scope, deployment.stack_name, env=deployment.env)
        backend = RealtimeBackend(self, "Default", deployment)
        for name in os.environ.get("SET", "").split():
            backend.environment(**{name: "x"})

try:
    synthesize(Small, os.environ)
except CdkError as error:
    sys.exit(f"cdk: {error}")
"""
SETTINGS = """
from pydantic import BaseModel, SecretStr

class Settings(BaseModel):
    stripe_key: SecretStr
"""
CONTEXT = {
    "name": "small",
    "stage": "dev",
    "stages": {"dev": {"origins": ["http://localhost:8000"], "throttle": {"rate": 1, "burst": 1}}},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_node()
    folder = tmp_path_factory.mktemp("small")
    (folder / "handlers").mkdir()
    (folder / "handlers" / "__init__.py").touch()
    (folder / "handlers" / "settings.py").write_text(SETTINGS)
    (folder / "app.py").write_text(APP)
    for lock in (FUNCTIONS_LOCK, AUTHORIZER_LOCK):
        shutil.copy(ROOT / lock, folder)
    return folder


def synth(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=folder,
        env={
            **os.environ,
            "CDK_CONTEXT_JSON": json.dumps(CONTEXT),
            "CDK_OUTDIR": str(folder / "cdk.out"),
            "PYTHONPATH": str(ROOT),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_assembly_holds_the_application_of_the_current_folder(folder: Path) -> None:
    done = synth(folder, SET="STRIPE_KEY")

    assert done.returncode == 0, done.stderr
    template = json.loads((folder / "cdk.out" / "small-dev.template.json").read_text())
    assert any(each["Type"] == "AWS::DynamoDB::Table" for each in template["Resources"].values())
    asset = folder / "build" / "assets" / "websocket"
    assert (asset / "handlers" / "settings.py").read_text() == SETTINGS
    assert (asset / "signalbox" / "resolver").is_dir()
    assert not (asset / "cryptography").exists()
    assert (folder / "build" / "assets" / "authorizer" / "cryptography").is_dir()


def test_one_sentence_says_what_the_stack_does_not_set(folder: Path) -> None:
    refused = synth(folder)

    assert refused.returncode == 1
    assert refused.stderr == (
        "cdk: handlers/settings.py: Settings needs STRIPE_KEY, which the stack does not set. "
        "Add backend.environment(STRIPE_KEY=...) in cdk/stack.py.\n"
    )


def test_one_sentence_says_why_when_the_application_has_no_name(folder: Path) -> None:
    context = {name: value for name, value in CONTEXT.items() if name != "name"}

    refused = synth(folder, CDK_CONTEXT_JSON=json.dumps(context))

    assert refused.returncode == 1
    assert refused.stderr.startswith('cdk: the context in cdk.json needs "name", the application\'s name: ')
