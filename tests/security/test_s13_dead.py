"""S13: connections that are dead, silent, or do not read end, and cost nobody else anything (F08, F17)."""

import asyncio

from signalbox.moment import Moment
from signalbox.publisher import Slow
from tests.framework.realtime.backend import NOW, Backend

BEATS = 150_000
"""Milliseconds: 2.5 beats of a connection on a channel with presence."""


def test_s13_connection_is_ended_when_it_was_silent_for_two_and_a_half_beats(backend: Backend) -> None:
    for id_ in ("silent=", "alive="):
        backend.connect(id_)
        backend.subscribe(id_, "room:1")
    backend.send("alive=", {"action": "ping"}, NOW + BEATS - 1)

    swept = backend.services.endings.sweep(Moment(NOW + BEATS, lambda: 60.0))

    assert asyncio.run(swept) == 1
    assert backend.gateway.closed == ["silent="]
    assert [frame["code"] for frame in backend.frames_to("silent=") if "code" in frame] == ["ended"]


def test_s13_client_is_closed_when_it_does_not_read_and_others_are_served(backend: Backend) -> None:
    for id_ in ("stuck=", "ann="):
        backend.connect(id_)
    backend.gateway.script("stuck=", *[Slow()] * 4)

    answer = backend.send("ann=", {"action": "broadcast", "data": "hello"})

    assert (answer["sent"], answer["slow"]) == (1, 1)
    assert backend.gateway.closed == ["stuck="]
