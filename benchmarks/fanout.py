"""What a signed post over TLS costs: our broadcast and others, against one sink, in rounds that take turns.

    python -m benchmarks.fanout [--rounds 5] [--posts 10000] [--quick | --write-readme]

The certificate is verified and the session token has 900 characters, as Lambda's has. wrk neither verifies
nor signs: it sends the same bytes over and over, and is the ceiling. Connections needed are posts a second
times latency, so there are more of them where the sink takes its time.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from . import readme, wrk
from .certificate import make_certificate

PEERS = Path(__file__).resolve().parent.parent / ".venv-peers" / "bin" / "python"
PATIENCE = 300


@dataclass(frozen=True, slots=True)
class Way:
    """A way of posting: how many times fewer posts it gets, and the interpreter that can do it."""

    name: str
    fewer: int = 1
    python: Path = Path(sys.executable)

    @property
    def installed(self) -> bool:
        """Whether it can be measured here."""
        return self.python != PEERS or (PEERS.exists() and _succeeds(PEERS, "import aiohttp, uvloop"))


OURS = Way("signalbox, uvloop")
WAYS = (
    OURS,
    Way("signalbox, plain asyncio"),
    Way("aiohttp, our signatures, uvloop", 3, PEERS),
    Way("boto3, 64 threads", 20),
    Way("boto3, one by one", 20),
)
CEILING = "wrk, the same bytes, unsigned"
MISSING = {
    WAYS[2].name: "not installed: `signalbox dev --setup --peers`",
    CEILING: "not installed: `apt install wrk`",
}


@dataclass(frozen=True, slots=True)
class Case:
    """What is posted, in bytes, and how long the sink takes, in seconds."""

    size: int
    delay: float

    @property
    def in_flight(self) -> int:
        """How many posts there are at a time."""
        return 256 if self.delay else 64

    def __str__(self) -> str:
        return f"{self.size:,} B, sink takes {self.delay * 1000:.0f} ms" if self.delay else f"{self.size:,} B"


CASES = (Case(128, 0), Case(4_096, 0), Case(128, 0.02), Case(4_096, 0.02))

Spent = tuple[float, float]
"""Microseconds of processor time and of wall time a post took."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table or write it to the README."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fanout", description="what a post costs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--posts", type=int, default=10_000)
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--quick", action="store_true", help="only the first column")
    extent.add_argument("--write-readme", action="store_true", help="replace the table in README.md")
    options = parser.parse_args(arguments)
    ways = [way for way in WAYS if way.installed]
    results: dict[str, dict[Case, list[Spent]]] = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory() as folder:
        files = make_certificate(Path(folder))
        for case in CASES[: 1 if options.quick else None]:
            with _sink(*files, case.delay) as url:
                for _ in range(options.rounds):
                    for name, spent in _measure(ways, url, files[0], case, options.posts):
                        results[name][case].append(spent)
    table = make_table(results)
    print(f"\n{table}")
    if options.write_readme:
        readme.write("fanout", table)


def _measure(ways: Sequence[Way], url: str, ca: Path, case: Case, posts: int) -> Iterator[tuple[str, Spent]]:
    for way in ways:
        # One by one, a post takes as long as the sink does.
        fewer = way.fewer * (10 if case.delay and "one by one" in way.name else 1)
        count, in_flight = str(max(1, posts // fewer)), str(case.in_flight)
        arguments = (way.name, url, str(ca), str(case.size), count, in_flight)
        command = [str(way.python), "-m", "benchmarks.posting", *arguments]
        run = subprocess.run(command, stdout=subprocess.PIPE, timeout=PATIENCE, check=True)  # noqa: S603 - our own
        processor, wall = json.loads(run.stdout)
        yield way.name, (processor, wall)
    if shutil.which("wrk"):
        yield CEILING, wrk.measure(url, case.size, case.in_flight)


def _succeeds(python: Path, program: str) -> bool:
    return subprocess.run([str(python), "-c", program], capture_output=True, check=False).returncode == 0  # noqa: S603 - our own


def make_table(results: Mapping[str, Mapping[Case, Sequence[Spent]]]) -> str:
    """The rounds of each way and case as a table in Markdown; a way without any is said to be missing."""
    cases = list(results[OURS.name])
    ours = median(cpu for cpu, _ in results[OURS.name][cases[0]])
    lines = [
        f"| CPU-µs a post, median (range), posts/s | {' | '.join(map(str, cases))} | times our CPU |",
        f"|---|{'---|' * len(cases)}---|",
    ]
    for name in (*(way.name for way in WAYS), CEILING):
        if name in results:
            cells = [_cell(results[name][case]) for case in cases]
            cells.append(f"{median(cpu for cpu, _ in results[name][cases[0]]) / ours:.1f}")
        else:
            cells = [MISSING[name]] + [""] * len(cases)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(rounds: Sequence[Spent]) -> str:
    spent = [cpu for cpu, _ in rounds]
    rate = 1e6 / median(wall for _, wall in rounds)
    return f"{median(spent):.0f} ({min(spent):.0f} to {max(spent):.0f}), {rate:,.0f}/s"


@contextmanager
def _sink(certificate: Path, key: Path, delay: float) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.sink", str(certificate), str(key), str(delay)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sink:  # noqa: S603 - our own
        assert sink.stdout
        try:
            yield f"https://127.0.0.1:{int(sink.stdout.readline())}"
        finally:
            sink.terminate()


if __name__ == "__main__":
    main()
