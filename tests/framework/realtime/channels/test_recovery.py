"""G9: who comes back makes the store read no more than a page, and nothing parsed that fits no frame."""

import json
from typing import Any

from connection_store import Position, Publication
from connection_store.wire import encode
from tests.framework.realtime.backend import NOW, Backend

LOG = "hist#room:1"
A_PAGE = 256
"""Read units of 1 MB, which is all that DynamoDB reads for one query."""


def fill(backend: Backend, texts: list[str], *, expired: int = 0) -> Any:
    """Put publications, the first `expired` of them past their time, on a channel; return the epoch."""
    backend.connect("a=")
    backend.subscribe("a=", "room:1")
    epoch = backend.publish("a=", "room:1", "last")["position"]["epoch"]
    for offset, text in enumerate(texts, 1):
        ends = NOW // 1000 + (0 if offset <= expired else 300)
        row = Publication(Position(epoch, offset), text, NOW, ends).to_record("", "room:1")
        backend.ask("PutItem", Item=encode(row))
    backend.ask(
        "UpdateItem",
        Key=encode({"pk": LOG, "sk": "@"}),
        UpdateExpression="SET top = :top",
        ExpressionAttributeValues=encode({":top": len(texts)}),
    )
    backend.meter.reads.clear()
    backend.meter.requests.clear()
    return epoch


def start(epoch: str) -> Any:
    return {"epoch": epoch, "offset": 0}


def come_back(backend: Backend, *since: tuple[str, Any]) -> Any:
    wanted = [{"channel": channel, "since": position} for channel, position in since]
    return backend.send("a=", {"action": "channel.subscribe", "channels": wanted})["channels"]


def text(data: Any) -> str:
    return json.dumps({"sender": {"user_id": "ann", "name": "Ann"}, "data": data}, separators=(",", ":"))


def test_g9_no_more_than_one_page_is_read_when_what_was_missed_is_too_large(backend: Backend) -> None:
    epoch = fill(backend, [text("x" * 32_000)] * 500)

    (answer,) = come_back(backend, ("room:1", start(epoch)))

    assert (answer["recovered"], answer["publications"]) == (False, [])
    assert answer["position"] == {"epoch": epoch, "offset": 500}
    assert backend.meter.requests["Query"] == 1
    assert backend.meter.reads[LOG] < A_PAGE + 5  # and HEAD


def test_g9_no_more_than_one_page_is_read_when_what_was_missed_has_expired(backend: Backend) -> None:
    epoch = fill(backend, [text("x" * 32_000)] * 80 + [text("y")] * 5, expired=80)

    (answer,) = come_back(backend, ("room:1", start(epoch)))

    assert answer["recovered"] is False
    assert backend.meter.requests["Query"] == 1
    assert backend.meter.reads[LOG] < A_PAGE + 5


def test_nothing_is_parsed_when_what_was_missed_is_too_large(backend: Backend) -> None:
    epoch = fill(backend, ["not JSON: " + "x" * 30_000] * 4)

    (answer,) = come_back(backend, ("room:1", start(epoch)))

    assert answer["recovered"] is False


def test_one_query_is_enough_for_whatever_fits(backend: Backend) -> None:
    epoch = fill(backend, [text(n) for n in range(500)])

    (answer,) = come_back(backend, ("room:1", start(epoch)))

    assert [each["data"] for each in answer["publications"]] == list(range(500))
    assert backend.meter.requests["Query"] == 1


def test_room_is_left_to_the_next_channel_when_one_does_not_fit(backend: Backend) -> None:
    epoch = fill(backend, [text("x" * 32_000)] * 40)
    before = backend.subscribe("a=", "room:2")["channels"][0]["position"]
    backend.publish("a=", "room:2", "short")

    large, small = come_back(backend, ("room:1", start(epoch)), ("room:2", before))

    assert (large["recovered"], small["recovered"]) == (False, True)
