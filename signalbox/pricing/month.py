"""The cost of a month for three loads: `signalbox cost` prints the table of `docs/operations.md`.

Units of DynamoDB come from `units`, which a test measures row by row, and prices from `prices`. Figures that
no test measures are constants below.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field

from . import prices
from .broadcast import ROWS_IN_A_READ_UNIT
from .units import UNITS

MONTH = 30 * 24 * 3_600
LIFE = 2 * 3_600
"""Seconds of a connection. API Gateway ends it then, and the client reconnects."""

BEAT = 8 * 60
"""Seconds between the heartbeats of a client that sends nothing else."""

GIGABYTES = 1.0
EVENT_SECONDS = 0.02
"""A function's memory, and its assumed duration for an event that is not a broadcast."""

POSTS_A_SECOND = 1_000
"""Posts of one sandbox, assumed."""

LINE_BYTES = 400
"""Bytes of logs for each event: a line of the function's and one of the access log."""

POLLS = 5 * 3 * MONTH / 60
"""Requests in a month of an idle event source: five pollers, each waiting 20 seconds at a time."""

SHARDS, SLICES_A_BATCH = 32, 4
ALARMS = 19
ALARM_METRICS = ALARMS + 2 * 3
"""Metrics that the alarms look at: the two alarms on shares look at four each."""

ALWAYS, IN_USE, IN_BROADCASTS = 1, 6 + 15, 3
"""Metrics paid for in a month in which they have values: our own, and about five for each route."""


@dataclass(frozen=True, slots=True)
class Load:
    """A month: people connected on average, publications a second, and recipients of each.

    Either `published` messages of 1 KB a second go to channels with an `audience`, or `broadcasts` to all.
    """

    title: str
    people: int = 0
    published: float = 0
    audience: int = 0
    broadcasts: float = 0


LOADS = (
    Load("idle"),
    Load("1,000 chatting", people=1_000, published=1_000 / 60, audience=10),
    Load("10,000 listening", people=10_000, broadcasts=1),
)


@dataclass(frozen=True, slots=True)
class Usage:
    """The use of a load in a month: how often each event happens, posts and slices."""

    connection_minutes: float
    events: Mapping[str, float] = field(default_factory=dict)
    posts: float = 0
    slices: float = 0

    @classmethod
    def of(cls, load: Load) -> "Usage":
        """Compute the use of `load`."""
        lives = load.people * MONTH / LIFE
        events = {
            "connect": lives,
            "subscribe": lives if load.audience else 0,
            "publish 1 KB": load.published * MONTH,
            "ping": load.people * MONTH / BEAT,
            "disconnect": 0 if load.audience else lives,
            "disconnect from 1 channel": lives if load.audience else 0,
            "sweep, nobody left": MONTH / 60,
        }
        posts = MONTH * (load.published * load.audience + load.broadcasts * load.people)
        return cls(load.people * MONTH / 60, events, posts, load.broadcasts * SHARDS * MONTH)

    @property
    def messages(self) -> float:
        """Messages as API Gateway counts them: requests, their replies, and posts."""
        spoken = sum(self.events[name] for name in ("subscribe", "publish 1 KB", "ping"))
        return 2 * spoken + self.posts


def month(load: Load) -> dict[str, float]:
    """Return the dollars of a month by service."""
    usage = Usage.of(load)
    events = sum(usage.events.values())
    return {
        "API Gateway": _messages(usage.messages) + usage.connection_minutes * prices.CONNECTION_MINUTE,
        "Lambda": _lambda(usage, events),
        "DynamoDB": _table(load, usage),
        "SQS": (POLLS + 3 * usage.slices) * prices.QUEUE_REQUEST,
        "Logs": events * LINE_BYTES / 1e9 * prices.LOG_GIGABYTE,
        "Metrics": _metrics(load) * prices.METRIC,
        "Alarms, dashboard, secret": ALARM_METRICS * prices.ALARM + prices.DASHBOARD + prices.SECRET,
    }


def table() -> str:
    """Return the months side by side, in Markdown."""
    months = [month(load) for load in LOADS]
    rows = [[name, *(each[name] for each in months)] for name in months[0]]
    rows.append(["**together**", *(sum(each.values()) for each in months)])
    lines = [f"| {name} | {' | '.join(f'${dollars:,.2f}' for dollars in row)} |" for name, *row in rows]
    titles = " | ".join(load.title for load in LOADS)
    return "\n".join([f"| a month | {titles} |", "|---|" + "---|" * len(LOADS), *lines])


def _messages(count: float) -> float:
    dear = min(count, prices.CHEAPER_BEYOND)
    return dear * prices.MESSAGE + (count - dear) * prices.CHEAPER_MESSAGE


def _metrics(load: Load) -> int:
    return ALWAYS + IN_USE * (load.people > 0) + IN_BROADCASTS * (load.broadcasts > 0)


def _lambda(usage: Usage, events: float) -> float:
    seconds = events * EVENT_SECONDS + usage.posts / POSTS_A_SECOND
    invocations = events + usage.slices / SLICES_A_BATCH
    return seconds * GIGABYTES * prices.GIGABYTE_SECOND + invocations * prices.INVOCATION


def _table(load: Load, usage: Usage) -> float:
    dollars = 0.0
    for name, count in usage.events.items():
        reads, writes = UNITS[name]
        dollars += count * (reads * prices.READ_UNIT + writes * prices.WRITE_UNIT)
    rows = load.broadcasts * MONTH * load.people
    # Each slice reads its frame and its progress, and records both (signalbox/publisher/queue.py).
    return (
        dollars
        + (rows / ROWS_IN_A_READ_UNIT + 3 * usage.slices) * prices.READ_UNIT
        + 2 * usage.slices * prices.WRITE_UNIT
    )


def main(arguments: list[str]) -> int:
    """Print the table of what a month costs."""
    argparse.ArgumentParser(prog="signalbox cost", description="Print what a month costs.").parse_args(
        arguments
    )
    print(table())
    return 0
