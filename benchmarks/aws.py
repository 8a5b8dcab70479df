"""The cost of requests to AWS: one to DynamoDB, a whole ping, and a publication for ten.

    python -m benchmarks.aws [--rounds 5] [--requests 2000]

Processor time of the client alone, on plain asyncio; the table is in another process. The session token has
900 characters, as Lambda's has. Every way is measured in a process of its own: none has the garbage of
another.
"""

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from connection_store.schema import definition
from signalbox.aws.endpoints import DYNAMODB
from signalbox.aws.json_api import JsonApi

from .aws_way import KEY, NAME, WAYS

PEERS_PYTHON = Path(__file__).resolve().parent.parent / ".venv-peers" / "bin" / "python"
PEERS = ("aiobotocore", "aiodynamo")
PEER_OF = {"a publication for ten, signalbox": "a publication for ten, boto3 in threads"}
"""The peer of a way, if it is not one GetItem of boto3."""

ITEM = {**KEY, "user": {"S": "u" * 40}, "connected_at": {"N": "1767225600000"}, "name": {"S": "n" * 200}}
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "t" * 900,
    "AWS_REGION": "us-east-1",
    # As in the local run: a line costs a third of a request.
    "POWERTOOLS_LOG_LEVEL": "WARNING",
    "POWERTOOLS_METRICS_DISABLED": "true",
}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.aws", description="what requests to AWS cost")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=2_000)
    options = parser.parse_args()
    with table() as url:
        os.environ |= {**ENVIRONMENT, "AWS_ENDPOINT_URL_DYNAMODB": url}
        asyncio.run(fill(url))
        rounds = [_measure(url, options.requests) for _ in range(options.rounds)]
    print("\n| requests to AWS | CPU-µs, median (range) | times its peer |\n|---|---|---|")
    for name in rounds[0]:
        spent = [each[name] for each in rounds]
        peer = name if "boto3" in name else PEER_OF.get(name, "GetItem, boto3")
        ratio = median(spent) / median(each[peer] for each in rounds)
        print(f"| {name} | {median(spent):,.0f} ({min(spent):,.0f} to {max(spent):,.0f}) | {ratio:.2f} |")


async def fill(url: str) -> None:
    """Create the table, with the row that GetItem reads."""
    api = JsonApi(DYNAMODB, "us-east-1", url)
    await api.call("CreateTable", definition(NAME))
    await api.call("PutItem", {"TableName": NAME, "Item": ITEM})
    await api.close()


def _measure(url: str, requests: int) -> dict[str, float]:
    spent = {}
    for name in WAYS:
        times = max(1, requests // 10) if "publication" in name else requests
        spent[name] = _run([sys.executable, "-m", "benchmarks.aws_way", name, url, str(times)])
    program = str(Path(__file__).with_name("peers") / "getitem.py")
    for name in peer_names():
        spent[name] = _run([str(PEERS_PYTHON), program, name.partition(", ")[2], url, str(requests)])
    return spent


def peer_names() -> list[str]:
    """Return the rows of clients that only the peers' environment has, if that is here."""
    return [f"GetItem, {name}" for name in PEERS] if PEERS_PYTHON.exists() else []


def _run(command: list[str]) -> float:
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120, check=True)  # noqa: S603 - our own
    return float(run.stdout.splitlines()[-1])


@contextmanager
def table() -> Iterator[str]:
    """Run the table in another process, and give its URL."""
    command = [sys.executable, "-m", "benchmarks.table"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own
        assert server.stdout
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
