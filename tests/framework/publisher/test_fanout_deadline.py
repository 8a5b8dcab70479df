import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.publisher import Failed, Gone, Outcome, Report, Sent, Slow, TooLarge
from signalbox.publisher.fanout import GRACE
from signalbox.testing.gateway import MemoryGateway
from tests.framework.aws.virtual import VirtualLoop
from tests.framework.publisher.audience import (
    FOREVER,
    Audience,
    PostingGateway,
    posts_of,
    seconds,
    send,
    until,
)


async def test_f14_cursor_is_the_last_finished_when_time_runs_out() -> None:
    gateway, audience = MemoryGateway(latency=0.1), Audience(10_000)

    report = await send(gateway, audience.stream(), until(0.95), concurrency=10)

    # Ten at a time, ten times: the last ten were under way at the deadline and got their answer after it.
    assert report == Report(recipients=100, sent=100, cursor="99", complete=False)
    assert len(gateway.posts) == 100
    assert seconds() == pytest.approx(1.0)
    assert audience.closed == 1


async def test_cursor_stays_before_the_unfinished_when_one_post_hangs() -> None:
    async def post(connection_id: str) -> Outcome:
        await asyncio.sleep(FOREVER if connection_id == "c25" else 0.1)
        return Sent()

    report = await send(PostingGateway(post), Audience(10_000).stream(), until(0.95), concurrency=10)

    assert report == Report(recipients=25, sent=25, cursor="24", complete=False)
    assert seconds() == pytest.approx(0.95 + GRACE)


async def test_first_outcome_stands_when_the_second_try_hangs_past_the_deadline() -> None:
    tries: Counter[str] = Counter()

    async def post(connection_id: str) -> Outcome:
        tries[connection_id] += 1
        if connection_id == "c0":
            await asyncio.sleep(FOREVER if tries["c0"] == 2 else 0.0)
            return Failed("HTTP 500", retry=True)
        return Sent()

    report = await send(PostingGateway(post), Audience(10).stream(), until(1.0))

    assert report == Report(recipients=10, sent=9, failed=("c0",), reasons={"HTTP 500": 1})


@pytest.mark.parametrize("start", [None, "41"])
async def test_cursor_is_where_it_started_when_nobodys_turn_came(start: str | None) -> None:
    gateway, audience = MemoryGateway(), Audience(100)

    report = await send(gateway, audience.stream(start), lambda: 0.0, start=start)

    assert report == Report(cursor=start, complete=False)
    assert gateway.posts == []
    assert audience.closed == 1


async def test_stream_is_left_when_it_hangs_past_the_deadline() -> None:
    gateway, audience = MemoryGateway(), Audience(100, pause=0.4)

    report = await send(gateway, audience.stream(), until(1.0))

    assert report == Report(recipients=2, sent=2, cursor="1", complete=False)
    assert seconds() == pytest.approx(1.0)
    assert audience.closed == 1


async def test_stream_is_not_read_any_further_when_only_a_hanging_post_is_left() -> None:
    async def post(connection_id: str) -> Outcome:
        await asyncio.sleep(FOREVER if connection_id == "c0" else 0.0)
        return Sent()

    audience = Audience(10_000, pause=0.01)

    await send(PostingGateway(post), audience.stream(), until(0.505))

    assert audience.read == 50


async def test_f14_nobody_is_lost_when_slices_resume_at_their_cursors() -> None:
    gateway, audience = MemoryGateway(latency=0.03), Audience(5_000)
    gateway.script("c4321", Gone())
    slices: list[Report] = []
    cursor = None

    while not slices or not slices[-1].complete:
        slices.append(await send(gateway, audience.stream(cursor), until(seconds() + 0.5), start=cursor))
        cursor = slices[-1].cursor

    posts = posts_of(gateway)
    assert posts.keys() == {f"c{number}" for number in range(5_000)}
    assert sum(report.recipients for report in slices) == 5_000
    assert [report.gone for report in slices if report.gone] == [("c4321",)]
    assert len(slices) > 3
    assert posts.total() <= 5_000 + 64 * len(slices)


async def test_post_is_tried_once_when_no_time_is_left_for_a_second_try() -> None:
    gateway = MemoryGateway(latency=0.9)
    gateway.script("c0", Failed("HTTP 500", retry=True))

    report = await send(gateway, Audience(1).stream(), until(1.0))

    assert report == Report(recipients=1, failed=("c0",), reasons={"HTTP 500": 1})
    assert len(gateway.posts) == 1


async def test_f06_young_connection_is_tried_again_sooner_when_little_time_is_left() -> None:
    gateway = MemoryGateway()
    gateway.script("c0", Gone(), Sent())

    assert await send(gateway, Audience(1, young=0).stream(), until(0.4)) == Report(recipients=1, sent=1)
    assert seconds() == pytest.approx(0.2)


OUTCOMES: st.SearchStrategy[Outcome | Exception] = st.sampled_from(
    [
        Sent(),
        Gone(),
        Slow(),
        TooLarge(),
        Failed("a", retry=True),
        Failed("b", retry=False),
        RuntimeError(),
        OSError(),
    ]
)


@settings(deadline=None)
@given(
    size=st.integers(0, 60),
    concurrency=st.integers(1, 9),
    deadline=st.floats(0.0, 3.0),
    pause=st.sampled_from([0.0, 0.0, 0.01]),
    latencies=st.lists(st.sampled_from([0.0, 0.01, 0.1, 1.0, FOREVER]), min_size=1, max_size=9),
    outcomes=st.lists(OUTCOMES, min_size=1, max_size=9),
    young=st.integers(0, 60),
)
def test_report_covers_exactly_the_recipients_up_to_its_cursor_whatever_happens(
    size: int,
    concurrency: int,
    deadline: float,
    pause: float,
    latencies: list[float],
    outcomes: list[Outcome | Exception],
    young: int,
) -> None:
    async def post(connection_id: str) -> Outcome:
        number = int(connection_id[1:])
        await asyncio.sleep(latencies[number % len(latencies)])
        outcome = outcomes[number % len(outcomes)]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def run() -> Report:
        audience = Audience(size, pause=pause, young=young)
        report = await send(PostingGateway(post), audience.stream(), until(deadline), concurrency=concurrency)
        assert seconds() <= deadline + GRACE + 0.001
        assert audience.closed <= 1
        return report

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        report = runner.run(run())

    ids = [*report.gone, *report.slow, *report.failed]
    reached = range(report.recipients)
    expected = [outcomes[number % len(outcomes)] for number in reached]
    assert report.recipients == report.sent + report.too_large + len(ids)
    assert len(set(ids)) == len(ids)
    assert set(ids) <= {f"c{number}" for number in reached}
    assert report.sent == expected.count(Sent())
    assert sum(report.reasons.values()) == len(report.failed)
    assert f"c{young}" not in report.gone
    if report.complete:
        assert (report.recipients, report.cursor) == (size, None)
    else:
        assert report.cursor == (str(reached[-1]) if reached else None)
