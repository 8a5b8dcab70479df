"""`app.py`, as the CDK's command runs it."""

import os
import subprocess
import sys

from tests.conftest import ROOT


def synth(*, context: str = "{}", **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, "CDK_CONTEXT_JSON": context, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_one_sentence_says_why_when_there_is_no_such_stage() -> None:
    refused = synth(context='{"stage": "qa", "stages": {"dev": {}}}')

    assert refused.returncode == 1
    assert refused.stderr == "cdk: there is no stage 'qa' in cdk.json, only dev\n"


def test_one_sentence_says_why_when_there_is_no_node() -> None:
    refused = synth(PATH="/nonexistent")

    assert refused.returncode == 1
    assert refused.stderr == "cdk: the CDK needs Node 20 or later, and there is none on the PATH\n"


def test_names_of_the_store_cost_no_boto3_when_the_infrastructure_imports_them() -> None:
    program = (
        "import sys, connection_store.schema; sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=60).returncode == 0
