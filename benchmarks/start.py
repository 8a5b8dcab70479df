"""What a cold start of each function costs, beside boto3's DynamoDB client alone.

    python -m benchmarks.start [--rounds 7]

Processor time of a fresh process above that of Python itself, modules compiled and in the page cache.
"""

import argparse
import os
import resource
import subprocess
import sys
from statistics import median

PROGRAMS = {
    "python": "pass",
    "boto3.client('dynamodb')": "import boto3; boto3.client('dynamodb')",
    "handlers.websocket": "import handlers.websocket",
    "handlers.authorizer": "import handlers.authorizer",
    "handlers.worker": "import handlers.worker",
    "handlers.sweeper": "import handlers.sweeper",
}
ENVIRONMENT = {
    "TABLE_NAME": "benchmark",
    "MANAGEMENT_ENDPOINT": "https://127.0.0.1/prod",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "FANOUT_QUEUE_URL": "https://127.0.0.1/queue",
    "JWT_ISSUER": "https://id.example.com",
    "JWT_AUDIENCE": "chat",
}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description="what a cold start costs")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    spent = [[_spend(program) for program in PROGRAMS.values()] for _ in range(rounds + 1)]
    # Not the first round, which may have compiled modules.
    bare, boto3, *ours = (1e3 * median(each) for each in zip(*spent[1:], strict=True))
    print("\n| cold start | CPU-ms above Python's own | times boto3's |\n|---|---|---|")
    for name, milliseconds in zip(list(PROGRAMS)[1:], (boto3, *ours), strict=True):
        print(f"| {name} | {milliseconds - bare:.0f} | {(milliseconds - bare) / (boto3 - bare):.2f} |")


def _spend(program: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **ENVIRONMENT}, check=True, timeout=60)  # noqa: S603 - our own
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
