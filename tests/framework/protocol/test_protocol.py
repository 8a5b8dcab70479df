"""`docs/protocol.md` against the code: every example is true, and every row of the error table can be had.

Covers signalbox.protocol.channels, signalbox.protocol.connections, signalbox.protocol.frames.
Covers signalbox.protocol.messages, signalbox.protocol.session.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from connection_store import StoreBusyError, TransactionConflictError
from signalbox import protocol
from tests.framework.realtime.backend import Backend

DOCUMENT = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()
MODELS = {
    model.model_fields["type"].default: model
    for model in vars(protocol).values()
    if isinstance(model, type) and issubclass(model, BaseModel) and "type" in model.model_fields
}
REQUESTS = {
    get_args(model.model_fields["action"].annotation)[0]: model for model in protocol.Request.__subclasses__()
}


def examples(kind: str) -> list[dict[str, Any]]:
    return [json.loads(text) for text in re.findall(rf"```json {kind}\n(.*?)\n```", DOCUMENT, re.DOTALL)]


def codes() -> set[str]:
    table = DOCUMENT.split("## Errors")[1].split("Three frames")[0]
    return set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))


def test_every_request_has_an_example_when_documented() -> None:
    assert {example["action"] for example in examples("request")} == set(REQUESTS)


@pytest.mark.parametrize("example", examples("request"), ids=lambda example: example["action"])
def test_example_is_a_valid_request_when_read(example: dict[str, Any]) -> None:
    assert REQUESTS[example["action"]].model_validate(example)


@pytest.mark.parametrize(
    "example", examples("reply") + examples("push") + examples("error"), ids=lambda example: example["type"]
)
def test_example_has_exactly_the_fields_of_its_model_when_read(example: dict[str, Any]) -> None:
    parsed = MODELS[example["type"]].model_validate(example)

    assert {
        **parsed.model_dump(mode="json"),
        **{key: example[key] for key in example.keys() & {"id"}},
    } == example


def test_every_frame_has_an_example_when_documented() -> None:
    documented = {example["type"] for kind in ("reply", "push", "error") for example in examples(kind)}

    assert documented == {name for name in MODELS if isinstance(name, str)}


def failing(error: BaseException) -> Callable[[Backend], Any]:
    def send(backend: Backend) -> Any:
        @backend.on_message("fail")
        async def fail() -> None:
            raise error

        return backend.send("a=", {"action": "fail"})

    return send


def subscribed_to_a_hundred(backend: Backend) -> Any:
    backend.count_channels("a=", 100)
    return backend.subscribe("a=", "room:1")


LOST = {"epoch": "lost", "offset": 1}
REFUSALS: dict[str, Callable[[Backend], Any]] = {
    "bad_request": lambda backend: backend.send("a=", "not json"),
    "invalid_message": lambda backend: backend.send("a=", {"action": "broadcast"}),
    "unknown_route": lambda backend: backend.send("a=", {"action": "dance"}),
    "too_large": lambda backend: backend.send("a=", {"action": "broadcast", "data": "x" * 32_768}),
    "rate_limited": lambda backend: [
        backend.send("a=", {"action": "broadcast", "data": 1}) for _ in range(31)
    ][-1],
    "unauthorized": lambda backend: backend.send("a=", {"action": "auth.refresh", "ticket": "a.b.c"}),
    "not_found": lambda backend: backend.send("a=", {"action": "direct.send", "to": "nobody", "data": 1}),
    "forbidden": lambda backend: backend.publish("a=", "news:all", 1),
    "unknown_channel": lambda backend: backend.publish("a=", "attic:1", 1),
    "too_many_subscriptions": subscribed_to_a_hundred,
    "history_gone": lambda backend: [
        backend.subscribe("a=", "room:1"),
        backend.send("a=", {"action": "channel.history", "channel": "room:1", "since": LOST}),
    ][-1],
    "connection_gone": lambda backend: backend.send("stranger=", {"action": "ping"}),
    "unavailable": failing(StoreBusyError("throttled")),
    "conflict": failing(TransactionConflictError("update")),
    "internal": failing(KeyError("a secret " * 20_000)),
}


def test_every_code_is_tried_when_it_is_documented() -> None:
    assert codes() == set(REFUSALS)


@pytest.mark.parametrize("code", REFUSALS)
def test_error_is_as_documented_when_refused(backend: Backend, code: str) -> None:
    backend.connect("a=")

    frame = REFUSALS[code](backend)

    assert frame["code"] == code
    row = next(line for line in DOCUMENT.splitlines() if line.startswith(f"| `{code}`"))
    assert f"| {json.dumps(frame['retry'])} |" in row
    assert protocol.ErrorFrame.model_validate(frame).model_dump(exclude_none=True) == frame
