import re
import subprocess
import sys

from tests.conftest import ROOT


def test_every_way_is_in_both_tables_when_measured() -> None:
    command = [sys.executable, "-m", "benchmarks.fanout", "--rounds", "1", "--posts", "100"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)

    rows = re.findall(r"^\| ((?:signalbox|boto3)[^|]*) \| [\d.]+ \(", run.stdout, re.MULTILINE)
    ways = ["signalbox, uvloop", "signalbox, asyncio", "boto3, one by one", "boto3, 16 threads"]
    assert rows == ways * 2
