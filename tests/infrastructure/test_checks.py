"""What AWS's own checkers say of the templates.

Covers signalbox.constructs.findings.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_sqs as sqs

from signalbox.constructs.synth import check
from tests.infrastructure.conftest import STAGES
from tests.infrastructure.templates import Template

ACKNOWLEDGED = "W3005"
"""A dependency said twice: the CDK writes them so."""


def test_nag_finds_nothing_that_nobody_acknowledged(app: App, templates: dict[str, Template]) -> None:
    check(app)

    app.synth(force=True)


def test_synth_fails_when_nag_finds_something(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    sqs.Queue(Stack(app, "Careless"), "Queue")
    check(app)

    with pytest.raises(RuntimeError, match="AwsSolutions-SQS4"):
        app.synth()


def test_cloudformation_linter_finds_nothing_that_aws_would_not_take(app: App, dev: Template) -> None:
    files = [f"{app.outdir}/signalbox-{name}.template.json" for name in STAGES]
    linter = Path(sys.executable).with_name("cfn-lint")

    found = subprocess.run(
        [linter, "--ignore-checks", ACKNOWLEDGED, "--", *files], capture_output=True, text=True, timeout=120
    )

    assert (found.returncode, found.stdout) == (0, "")
