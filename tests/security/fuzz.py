"""Hostile messages without end, and a resolver that reads them as the application does."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any, get_args

from signalbox import protocol
from signalbox.resolver import WebSocketResolver
from tests.canary import CANARY
from tests.conftest import ROOT

CORPUS = Path(__file__).parent / "corpus"
LONGEST = 140_000
"""Characters: API Gateway lets through 131,072 bytes (W77)."""

REFUSALS = {"bad_request", "invalid_message", "unknown_route", "too_large"}
REQUESTS = re.compile(r"^```json request\n(.+?)\n```$", re.MULTILINE | re.DOTALL)

DEEP_ENOUGH = 20

DEEP: list[Any] = []
for _ in range(40):
    DEEP = [DEEP]
VALUES: list[Any] = [
    CANARY, None, True, 0, -1, 1.5, 2**63, -(2**200), 1e308, float("nan"), float("inf"),
    "", "\0", "#", "a#b", "conns#1", "room:", ":", "..", "\ud800", "‮", "😀" * 40, "x" * 300, "y" * 40_000,
    [], {}, [[]], {"": {}}, {"__proto__": {"admin": True}}, {"$ref": "#"}, list(range(200)), DEEP,
]  # fmt: skip
PIECES = [
    "{",
    "}",
    "[",
    "]",
    '"',
    "\\",
    "\\ud800",
    "\0",
    "\n",
    ",",
    ":",
    "NaN",
    "-",
    "1e999",
    "'",
    "//",
    "\ufeff",
]


def kept() -> list[str]:
    """Messages that once were trouble, or are like those."""
    return [path.read_text(encoding="utf-8") for path in sorted(CORPUS.iterdir())]


def documented() -> list[str]:
    """Every request of the documentation."""
    return REQUESTS.findall((ROOT / "docs" / "protocol.md").read_text(encoding="utf-8"))


def hostile(random: Random) -> Iterator[str]:
    """Messages that begin as good ones, and end as anything."""
    begun = documented() + kept()
    while True:
        text = random.choice(begun)
        if random.random() < 0.7:
            text = _distort(random, text)
        if random.random() < 0.4:
            text = _damage(random, text)
        yield text[:LONGEST]


def reader() -> WebSocketResolver:
    """A resolver with every message of the protocol, answering with what it understood."""
    resolver = WebSocketResolver()
    for model in vars(protocol).values():
        if isinstance(model, type) and issubclass(model, protocol.Request) and model is not protocol.Request:
            (action,) = get_args(model.model_fields["action"].annotation)
            resolver.on_message(action)(_reading(model))
    return resolver


def check(answer: dict[str, Any]) -> None:
    """What API Gateway is told is an answer, and what the client reads is a typed frame."""
    assert answer["statusCode"] == 200
    assert len(answer["body"].encode()) <= 131_072
    check_frame(answer["body"])


def check_frame(text: str | bytes) -> dict[str, Any]:
    """A client reads either what was understood or an error it knows."""
    frame: dict[str, Any] = json.loads(text)
    if frame["type"] == "error":
        assert frame["code"] in REFUSALS, frame
        assert frame.keys() <= {"type", "code", "retry", "request_id", "id", "fields", "channel"}, frame
    else:
        assert frame["type"] == "read", frame
    return frame


def _reading(model: type[protocol.Request]) -> Any:
    async def read(message: Any) -> dict[str, Any]:
        return {"type": "read", "read": type(message).__name__}

    read.__annotations__["message"] = model
    return read


def _distort(random: Random, text: str) -> str:
    with suppress(ValueError, RecursionError):
        message = json.loads(text)
        for _ in range(random.randint(1, 3)):
            if places := list(_places(message)):
                _change(random, *random.choice(places))
        return json.dumps(message)
    return text


def _places(value: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    keys = range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
    for key in keys if depth < DEEP_ENOUGH else ():
        yield value, key
        yield from _places(value[key], depth + 1)


def _change(random: Random, owner: Any, key: Any) -> None:
    match random.randrange(4):
        case 0:
            owner[key] = deepcopy(random.choice(VALUES))
        case 1:
            owner[key] = [owner[key]] * random.choice([1, 1, 2, 2, 2, 101])
        case 2:
            del owner[key]
        case _ if isinstance(owner, dict):
            owner[str(random.choice(VALUES))[:300]] = owner[key]


def _damage(random: Random, text: str) -> str:
    for _ in range(random.randint(1, 3)):
        place = random.randrange(len(text) + 1)
        match random.randrange(4):
            case 0:
                text = text[:place]
            case 1:
                text = text[:place] + random.choice(PIECES) * random.choice([1, 1, 1, 50]) + text[place:]
            case 2:
                text = (
                    text[:place]
                    + chr(random.choice([0, 127, 0xFFFD, 0x1F600, random.randrange(0xD800)]))
                    + text[place + 1 :]
                )
            case _:
                text = text[place:] + text[:place]
    return text
