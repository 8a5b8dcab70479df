"""What a signed post over TLS costs: our publisher and boto3, against one sink, in rounds that take turns.

    python -m benchmarks.fanout [--rounds 5] [--posts 4000]

Signed with a session token of 900 characters, as in Lambda; the certificate is verified. boto3 sends a tenth
of the posts: it needs as long for them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from .certificate import make_certificate

WAYS = {"signalbox, uvloop": 1, "signalbox, asyncio": 1, "boto3, one by one": 10, "boto3, 16 threads": 10}
"""Each way of posting, and by how much fewer posts it gets."""

SIZES = (128, 4_096)
PATIENCE = 300


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fanout", description="what a post costs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--posts", type=int, default=4_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(Path(folder))
        with _sink(certificate, key) as url:
            for size in SIZES:
                _print(size, _measure(url, certificate, size, options.rounds, options.posts))


def _measure(url: str, ca: Path, size: int, rounds: int, posts: int) -> dict[str, list[tuple[float, float]]]:
    results = defaultdict(list)
    for _ in range(rounds):
        for name, fewer in WAYS.items():
            command = [
                sys.executable,
                "-m",
                "benchmarks.posting",
                name,
                url,
                str(ca),
                str(size),
                str(posts // fewer),
            ]
            run = subprocess.run(command, stdout=subprocess.PIPE, timeout=PATIENCE, check=True)  # noqa: S603 - our own
            processor, wall = json.loads(run.stdout)
            results[name].append((processor, wall))
    return results


def _print(size: int, results: dict[str, list[tuple[float, float]]]) -> None:
    print(f"\n| {size} bytes | CPU-µs a post, median (lowest to highest) | posts/s | times our CPU |")
    print("|---|---|---|---|")
    ours = median(cpu for cpu, _ in results[next(iter(WAYS))])
    for name, rounds in results.items():
        spent = [cpu for cpu, _ in rounds]
        rate = 1e6 / median(wall for _, wall in rounds)
        spread = f"{median(spent):.1f} ({min(spent):.1f} to {max(spent):.1f})"
        print(f"| {name} | {spread} | {rate:,.0f} | {median(spent) / ours:.1f} |")


@contextmanager
def _sink(certificate: Path, key: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.sink", str(certificate), str(key)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sink:  # noqa: S603 - our own
        assert sink.stdout
        yield f"https://127.0.0.1:{int(sink.stdout.readline())}"
        sink.terminate()


if __name__ == "__main__":
    main()
