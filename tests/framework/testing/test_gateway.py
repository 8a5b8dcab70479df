import pytest

from signalbox.publisher import MAX_FRAME_BYTES, ConnectionInfo, Failed, Gateway, Gone, Sent, Slow, TooLarge
from signalbox.testing.gateway import MemoryGateway
from tests.framework.publisher.audience import seconds


async def test_posts_are_recorded_and_sent_when_nothing_is_scripted() -> None:
    memory = MemoryGateway()
    gateway: Gateway = memory

    assert [await gateway.post("a", b"1"), await gateway.post("b", b"2")] == [Sent(), Sent()]
    assert memory.posts == [("a", b"1"), ("b", b"2")]


async def test_outcomes_come_in_order_when_they_are_scripted() -> None:
    gateway = MemoryGateway()
    gateway.script("a", Gone(), RuntimeError("scripted"))
    gateway.script("a", Slow())
    gateway.script("b", Failed("x", retry=True))

    assert await gateway.post("a", b"") == Gone()
    with pytest.raises(RuntimeError, match="scripted"):
        await gateway.post("a", b"")
    assert await gateway.close("a") == Slow()
    assert await gateway.post("a", b"") == Sent()
    assert await gateway.post("b", b"") == Failed("x", retry=True)
    assert gateway.closed == ["a"]


async def test_frame_is_refused_when_the_real_gateway_would_refuse_it() -> None:
    gateway = MemoryGateway()

    assert await gateway.post("a", bytes(MAX_FRAME_BYTES + 1)) == TooLarge()
    assert gateway.posts == []


async def test_connection_is_known_when_it_was_put_there() -> None:
    gateway = MemoryGateway()
    gateway.connections["a"] = info = ConnectionInfo(1, 2, "192.0.2.1", None)

    assert [await gateway.info("a"), await gateway.info("b")] == [info, Gone()]


async def test_calls_take_virtual_seconds_when_there_is_a_latency() -> None:
    gateway = MemoryGateway(latency=20.0)

    await gateway.post("a", b"")

    assert seconds() == 20.0
