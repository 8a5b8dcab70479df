"""What a function's start costs with each way to bundle it, and how much is uploaded.

    python -m benchmarks.bundles [--rounds 7]

Processor time of a fresh process that imports `handlers.websocket`, above that of Python itself. As in
Lambda, what was not shipped compiled is compiled each time.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from signalbox.constructs.bundling import HERE, bundle

from .start import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bundles", description="ways to bundle")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch:
        bundles = dict(_bundle(Path(scratch)))
        spent = [[_start(folder) for folder in bundles.values()] for _ in range(rounds + 1)]
        # Not the first round, in which files were not in memory yet.
        costs = [1e3 * median(each) for each in zip(*spent[1:], strict=True)]
        print("\n| bundle | CPU-ms | zipped |\n|---|---|---|")
        for (name, folder), cost in zip(bundles.items(), costs, strict=True):
            print(f"| {name} | {cost:.0f} | {_zipped(folder) / 1e6:.1f} MB |")


def _bundle(scratch: Path) -> Iterator[tuple[str, Path]]:
    yield "our modules as source", bundle(scratch / "source", application_root=ROOT, target=HERE)
    yield (
        "our modules compiled",
        bundle(scratch / "compiled", application_root=ROOT, target=HERE, bytecode=True),
    )


def _start(folder: Path) -> float:
    return _spend(folder, "import handlers.websocket") - _spend(folder, "pass")


def _spend(folder: Path, program: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-B", "-c", program],
        cwd=folder,
        env={**os.environ, **ENVIRONMENT},
        check=True,
        timeout=60,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _zipped(folder: Path) -> int:
    return Path(shutil.make_archive(str(folder), "zip", folder)).stat().st_size


if __name__ == "__main__":
    main()
