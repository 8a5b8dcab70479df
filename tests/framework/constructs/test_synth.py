"""A whole small application, synthesized: bundles, checks, one template."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from signalbox.constructs.bundling import AUTHORIZER_LOCK, FUNCTIONS_LOCK
from signalbox.constructs.errors import BackendError, StageError
from tests.conftest import ROOT
from tests.infrastructure.requirements import need_node

if TYPE_CHECKING:
    from aws_cdk import App, Stack

    from signalbox.constructs import DeploymentSettings

SETTINGS = "tests.framework.constructs.small_settings:Payments"

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
    (folder / "handlers" / "settings.py").write_text("KEPT = True\n")
    for lock in (FUNCTIONS_LOCK, AUTHORIZER_LOCK):
        shutil.copy(ROOT / lock, folder)
    return folder


@pytest.fixture(autouse=True)
def _in_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CDK runs its app in the folder of cdk.json."""
    monkeypatch.chdir(folder)


def synth(folder: Path, context: dict[str, Any] = CONTEXT, **variables: str) -> None:
    from aws_cdk import App, Stack

    from signalbox.constructs import RealtimeBackend, synthesize

    def make_stack(scope: "App", deployment: "DeploymentSettings") -> "Stack":
        stack = Stack(scope, deployment.stack_name, env=deployment.env)
        backend = RealtimeBackend(stack, "Default", deployment, settings=SETTINGS)
        backend.environment(**variables)
        return stack

    app = App(context=context, outdir=str(folder / "cdk.out"))
    synthesize(make_stack, {}, app=app)


def test_assembly_holds_the_application_of_the_current_folder(folder: Path) -> None:
    synth(folder, STRIPE_KEY="x")

    template = json.loads((folder / "cdk.out" / "small-dev.template.json").read_text())
    assert any(each["Type"] == "AWS::DynamoDB::Table" for each in template["Resources"].values())
    asset = folder / "build" / "assets" / "websocket"
    assert (asset / "handlers" / "settings.py").read_text() == "KEPT = True\n"
    assert (asset / "signalbox" / "resolver").is_dir()
    assert not (asset / "cryptography").exists()
    assert (folder / "build" / "assets" / "authorizer" / "cryptography").is_dir()


def test_one_sentence_says_what_the_stack_does_not_set(folder: Path) -> None:
    with pytest.raises(BackendError) as refused:
        synth(folder)

    assert str(refused.value) == (
        "tests/framework/constructs/small_settings.py: Payments needs STRIPE_KEY, "
        "which the stack does not set. Add backend.environment(STRIPE_KEY=...) in cdk/stack.py."
    )


def test_one_sentence_says_why_when_the_application_has_no_name(folder: Path) -> None:
    context = {name: value for name, value in CONTEXT.items() if name != "name"}

    with pytest.raises(StageError, match=r'^the context in cdk\.json needs "name", the appl'):
        synth(folder, context)
