"""`app.py`, as the CDK's command runs it."""

import json
import os
import subprocess
import sys

from tests.conftest import ROOT

SILENCE = "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"
"""Set by the other tests here; who runs the CDK has it not."""


def synth(*, context: str = "{}", **environment: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if name != SILENCE}
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**inherited, "CDK_CONTEXT_JSON": context, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_one_sentence_says_why_when_there_is_no_such_stage() -> None:
    refused = synth(context='{"stage": "qa", "stages": {"dev": {}}}')

    assert refused.returncode == 1
    assert refused.stderr == "cdk: there is no stage 'qa' in cdk.json, only dev\n"


def test_one_sentence_says_why_when_credentials_are_anothers() -> None:
    stages = {
        "prod": {
            "account": "123456789012",
            "origins": ["https://a.test"],
            "throttle": {"rate": 1, "burst": 1},
        }
    }
    context = json.dumps({"name": "demo", "stage": "prod", "stages": stages})

    refused = synth(context=context, CDK_DEFAULT_ACCOUNT="210987654321")

    assert refused.returncode == 1
    assert refused.stderr == (
        "cdk: stage prod belongs to account 123456789012, but these credentials are for 210987654321\n"
    )


def test_one_sentence_says_why_when_there_is_no_node() -> None:
    refused = synth(PATH="/nonexistent")

    assert refused.returncode == 1
    assert refused.stderr == "cdk: the CDK needs Node 20 or later, and there is none on the PATH\n"


def test_names_of_the_store_cost_no_boto3_when_the_infrastructure_imports_them() -> None:
    program = (
        "import sys, connection_store.schema; sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=60).returncode == 0
