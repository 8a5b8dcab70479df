"""`.ci/run` fails when any part fails, and then shows what that part printed."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

TOOLS = ("ps", "openssl", "npm", "chromium", "python3")
MAKE = """#!/usr/bin/env bash
echo "make $*" >>"$CALLS"
echo "output of $*"
[[ " $* " != *" $FAILS "* ]]
"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A machine that has everything, and a `make` that does nothing but note what it was asked for."""
    for name in TOOLS:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "make").write_text(MAKE)
    (tmp_path / "make").chmod(0o755)
    return tmp_path


def run(tools: Path, fails: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", ROOT / ".ci" / "run"],
        env={"PATH": f"{tools}{os.pathsep}{os.defpath}", "CALLS": str(tools / "calls"), "FAILS": fails},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_every_part_is_run_when_all_pass(tools: Path) -> None:
    done = run(tools, "nothing")

    assert done.returncode == 0, done.stderr
    assert (tools / "calls").read_text() == "make check test deploy-local iam-proof\n"


@pytest.mark.parametrize("part", ["check", "test", "deploy-local", "iam-proof"])
def test_it_fails_and_shows_why_when_a_part_fails(tools: Path, part: str) -> None:
    done = run(tools, part)

    assert done.returncode == 1
    assert "output of" in done.stdout
