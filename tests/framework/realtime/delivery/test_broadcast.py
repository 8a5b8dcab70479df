"""Covers signalbox.protocol.encoding, signalbox.realtime.delivery.delivery.
Covers signalbox.realtime.delivery.metrics.
"""

import json
from typing import Any

import pytest

from connection_store.schema import SHARDS
from signalbox.moment import Moment
from signalbox.observability import flush_metrics
from signalbox.protocol import Message, Sender
from signalbox.protocol.encoding import encode
from signalbox.publisher import (
    MAX_FRAME_BYTES,
    Failed,
    FrameTooLargeError,
    Gone,
    Outcome,
    Sent,
    Slow,
    TooLarge,
)
from signalbox.publisher.fanout import REFUSALS
from signalbox.realtime.delivery.broadcast import Broadcaster
from signalbox.realtime.delivery.delivery import Delivery, NestedDeliveryError
from signalbox.realtime.delivery.queue import THROTTLE_PAUSE
from signalbox.testing.gateway import MemoryGateway
from tests.framework.realtime.backend import NOW, Backend


@pytest.fixture
async def crowded() -> Backend:
    """Five connections where three are served at once."""
    backend = Backend(INLINE_RECIPIENTS="3")
    await backend.connections.init_table()
    for letter in "abcde":
        backend.connect(f"{letter}=")
    return backend


def message(data: Any) -> Message:
    sender = Sender(user_id="u", name="n")
    return Message(message_id="m", audience="everyone", sender=sender, data=data, sent_at=NOW)


def sized(size: int) -> Message:
    """A message of so many bytes as it goes out."""
    return message("x" * (size - len(message("").model_dump_json())))


async def work(backend: Backend) -> None:
    """Deliver everything in the queue."""
    while backend.queue.slices:
        slice_ = backend.queue.slices.pop(0)
        await backend.worker.process(slice_, f"m{slice_}", Moment(NOW, lambda: 60.0))


async def test_audience_is_queued_before_the_answer_when_it_is_large(crowded: Backend) -> None:
    crowded.meter.requests.clear()
    sent = crowded.send("a=", {"action": "broadcast", "data": "hé", "id": 1})

    assert crowded.gateway.posts == []
    assert crowded.meter.requests["TransactWriteItems"] == 1  # the frame, whatever the number of shards
    assert (sent["type"], sent["queued"], sent["complete"], sent["id"]) == ("broadcast.sent", True, False, 1)
    assert [each.shard for each in crowded.queue.slices] == list(range(SHARDS))
    assert {each.broadcast_id for each in crowded.queue.slices} == {sent["message_id"]}
    assert "hé" not in "".join(each.to_text() for each in crowded.queue.slices)


async def test_sender_hears_the_numbers_when_the_last_slice_is_done(
    crowded: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = crowded.send("a=", {"action": "broadcast", "data": "hé", "id": 1})
    await work(crowded)
    flush_metrics()

    for letter in "bcde":
        (frame,) = crowded.frames_to(f"{letter}=")
        assert (frame["type"], frame["data"], frame["message_id"]) == ("message", "hé", sent["message_id"])
    own, report = crowded.frames_to("a=")
    assert own["type"] == "message"
    assert (report["type"], report["message_id"]) == ("broadcast.report", sent["message_id"])
    assert (report["recipients"], report["sent"], report["complete"]) == (5, 5, True)
    assert report["cost_usd"] > 0
    assert f'"BroadcastCost":[{report["cost_usd"]}]' in capsys.readouterr().out
    assert report["posts_per_second"] == pytest.approx(5_000 / report["duration_ms"], rel=0.6)


async def test_audience_is_served_at_once_when_it_is_just_small_enough(backend: Backend) -> None:
    backend = Backend(INLINE_RECIPIENTS="5")
    await backend.connections.init_table()
    for letter in "abcde":
        backend.connect(f"{letter}=")

    sent = backend.send("a=", {"action": "broadcast", "data": 1})

    assert (sent["sent"], sent["queued"], backend.queue.slices) == (5, False, [])


@pytest.mark.parametrize("posts", [0, 2])
async def test_f14_worker_serves_the_rest_when_time_runs_out_before_the_answer(
    backend: Backend, posts: int
) -> None:
    for letter in "abcde":
        backend.connect(f"{letter}=")

    sent = await backend.broadcaster.broadcast(
        message("hé"), Moment(NOW, lambda: float(posts) - len(backend.gateway.posts)), reply_to="a="
    )
    assert (sent.queued, sent.complete, sent.recipients, sent.sent) == (True, False, posts, posts)
    assert backend.queue.delays == [0]
    await work(backend)

    (report,) = [frame for frame in backend.frames_to("a=") if frame["type"] == "broadcast.report"]
    assert (report["message_id"], report["recipients"], report["sent"]) == ("m", 5, 5)
    assert sorted(to for to, frame in backend.gateway.posts if b"h\xc3\xa9" in frame) == [
        f"{letter}=" for letter in "abcde"
    ]


async def test_f16_worker_waits_when_time_runs_out_because_the_account_is_refused(backend: Backend) -> None:
    for letter in "abcdefghijkl":
        backend.connect(f"{letter}=")
        backend.gateway.script(f"{letter}=", Slow())

    sent = await backend.broadcaster.broadcast(
        message(1), Moment(NOW, lambda: 12.0 - len(backend.gateway.posts))
    )

    assert (sent.queued, sent.slow, backend.queue.delays) == (True, 0, [THROTTLE_PAUSE])


async def test_nothing_is_promised_when_time_runs_out_and_there_is_no_queue(backend: Backend) -> None:
    backend.connect("a=")
    alone = Broadcaster(backend.connections, Delivery(backend.gateway, backend.connections), None, 1)

    sent = await alone.broadcast(message(1), Moment(NOW, lambda: 0.0))

    assert (sent.queued, sent.complete, sent.recipients) == (False, False, 0)


async def test_sender_may_try_again_when_the_queue_is_broken(crowded: Backend) -> None:
    crowded.queue.broken = True

    frame = crowded.send("a=", {"action": "broadcast", "data": 1})

    assert (frame["code"], frame["retry"]) == ("unavailable", True)


@pytest.mark.parametrize("size", [MAX_FRAME_BYTES - 1, MAX_FRAME_BYTES])
def test_w30_frame_goes_out_when_it_is_just_small_enough(size: int) -> None:
    assert len(encode(sized(size))) == size


async def test_w30_nothing_is_stored_when_the_frame_is_too_large(crowded: Backend) -> None:
    with pytest.raises(FrameTooLargeError):
        await crowded.broadcaster.broadcast(sized(MAX_FRAME_BYTES + 1), Moment(NOW, lambda: 60.0))

    assert crowded.queue.slices == []
    assert await crowded.broadcasts.get("m", now=NOW) is None


async def test_f33_recipient_fails_when_its_post_begins_another_broadcast(backend: Backend) -> None:
    class Looping(MemoryGateway):
        async def post(self, connection_id: str, frame: bytes) -> Outcome:
            self.posts.append((connection_id, frame))
            await delivery.send(message(1), "u", Moment(NOW, lambda: 60.0))
            raise AssertionError("it went on")

    gateway = Looping()
    delivery = Delivery(gateway, backend.connections)
    backend.connect("a=", authorizer={"principalId": "u"})

    sent = await delivery.send(message(1), "u", Moment(NOW, lambda: 60.0))

    assert (sent.recipients, sent.failed, len(gateway.posts)) == (1, 1, 1)


async def test_f33_broadcast_is_refused_when_a_delivery_is_under_way(crowded: Backend) -> None:
    refused: list[BaseException] = []

    class Looping(MemoryGateway):
        async def post(self, connection_id: str, frame: bytes) -> Outcome:
            try:
                await crowded.broadcaster.broadcast(message(2), Moment(NOW, lambda: 60.0))
            except NestedDeliveryError as error:
                refused.append(error)
            return await super().post(connection_id, frame)

    delivery = Delivery(Looping(), crowded.connections)
    recipients = crowded.connections.stream(now=NOW)
    await delivery.deliver(b"{}", recipients, moment=Moment(NOW, lambda: 60.0))

    assert len(refused) == 5
    assert crowded.queue.slices == []


def test_f17_slow_client_is_told_to_come_back_when_others_are_served(backend: Backend) -> None:
    for letter in "abc":
        backend.connect(f"{letter}=")
    backend.gateway.script("b=", *[Slow()] * REFUSALS)

    sent = backend.send("a=", {"action": "broadcast", "data": 1})

    assert (sent["sent"], sent["slow"]) == (2, 1)
    assert backend.gateway.closed == ["b="]
    assert backend.frames_to("b=")[-1] == {"v": 1, "type": "disconnect", "code": "slow", "reconnect": True}


def test_everybody_is_in_one_number_when_each_has_another_outcome(backend: Backend) -> None:
    outcomes: list[Outcome] = [Sent(), Gone(), Slow(), Failed("refused", retry=False), TooLarge()]
    for letter, outcome in zip("abcde", outcomes, strict=True):
        backend.connect(f"{letter}=")
        backend.gateway.script(f"{letter}=", *[outcome] * REFUSALS)

    sent = backend.send("a=", {"action": "broadcast", "data": 1}, now=NOW + 60_000)

    numbers = ("recipients", "sent", "gone", "slow", "failed")
    assert [sent[name] for name in numbers] == [5, 1, 1, 1, 2]


def test_f17_nobody_is_closed_when_nobody_was_served(backend: Backend) -> None:
    backend.connect("a=")
    backend.gateway.script("a=", *[Slow()] * REFUSALS)

    assert backend.send("a=", {"action": "broadcast", "data": 1})["slow"] == 1
    assert backend.gateway.closed == []


def test_numbers_are_metrics_when_a_broadcast_is_over(
    backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    backend.connect("a=")
    sent = backend.send("a=", {"action": "broadcast", "data": 1})

    (metrics,) = [
        json.loads(line) for line in capsys.readouterr().out.splitlines() if "BroadcastCost" in line
    ]
    assert metrics["BroadcastCost"] == [sent["cost_usd"]]
    assert metrics["BroadcastDuration"] == [sent["duration_ms"]]
    assert metrics["DeliveriesSent"] == [1.0]
