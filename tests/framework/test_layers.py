"""Where boto3 and the clock may appear: what import-linter cannot say."""

import re
from pathlib import Path

from tests.conftest import ROOT

BOTO3 = {
    "connection_store/boto3_engine.py",
    "signalbox/identity/aws_secrets.py",
    "signalbox/aws/credentials.py",
    "signalbox/publisher/queue.py",
}


def sources(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def found(pattern: str, paths: list[Path]) -> set[str]:
    return {
        str(path.relative_to(ROOT)) for path in paths if re.search(pattern, path.read_text(), re.MULTILINE)
    }


def test_boto3_stays_in_four_files_when_imported() -> None:
    packages = [
        each for each in sources("connection_store", "handlers", "signalbox") if "dev" not in each.parts
    ]

    assert found(r"^\s*(import|from) (boto3|botocore)", packages) <= BOTO3


def test_application_reads_no_clock_when_it_has_the_events_time() -> None:
    assert (
        found(
            r"\btime\.time\(|datetime\.now", sources("signalbox/resolver", "signalbox/realtime", "handlers")
        )
        == set()
    )
