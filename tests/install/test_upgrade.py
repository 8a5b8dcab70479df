"""Applications of earlier releases, kept as they were written, pass their tests with today's framework."""

import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.install.conftest import Installation

pytestmark = pytest.mark.xdist_group("installed")

RELEASES = sorted((ROOT / "tests" / "upgrade").glob("*/.signalbox.json"))


@pytest.mark.parametrize("record", RELEASES, ids=lambda record: record.parent.name)
def test_tests_pass_when_an_application_of_an_earlier_release_takes_todays_framework(
    record: Path, installed: Installation, tmp_path: Path
) -> None:
    application = shutil.copytree(record.parent, tmp_path / "application")

    printed = installed.run("python", "-m", "pytest", "-q", cwd=application)

    assert re.search(r"\d+ passed", printed)
