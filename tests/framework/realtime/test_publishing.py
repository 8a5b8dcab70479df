"""Publishers in other processes: several threads, forks, idempotency keys, deadlines.

Covers signalbox.moment.
"""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from textwrap import dedent
from threading import Barrier, BrokenBarrierError

import pytest

from signalbox.protocol import Sender
from signalbox.realtime.errors import UnknownChannelError
from signalbox.realtime.publishing import PerProcess, moments
from signalbox.testing import Backend
from tests.conftest import ROOT
from tests.framework.application import app

FORKING = dedent("""
    import asyncio, json, os, sys
    from threading import Thread
    from connection_store import ConnectionManager, Table
    from signalbox import application
    from signalbox.realtime.services import Connectors
    from signalbox.realtime.settings import RealtimeSettings
    from signalbox.testing import MemoryEngine, MemoryGateway
    from tests.framework.realtime.backend import SETTINGS

    made = []

    def connect(settings):
        table = Table(settings.table_name, engine=MemoryEngine())
        thread = Thread(target=lambda: asyncio.run(ConnectionManager(table=table).init_table()))
        thread.start()
        thread.join()
        made.append(os.getpid())
        return Connectors(table, MemoryGateway())

    application.connect = connect
    from tests.framework.application import app

    publisher = app.blocking_publisher(settings=RealtimeSettings.from_environment(SETTINGS))
    if sys.argv[1] == "used":
        publisher.publish("room:1", "parent")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        position = publisher.publish("room:1", "child").position
        publisher.publish("room:1", "child again")
        os.write(writing, json.dumps([position.offset, made.count(os.getpid())]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    position = publisher.publish("room:1", "parent again").position
    print(json.dumps([json.loads(os.read(reading, 99)), [position.offset, made.count(os.getpid())]]))
""")


@pytest.fixture
def backend() -> Backend:
    return Backend(app)


@pytest.mark.parametrize(("before", "offset"), [("used", 2), ("unused", 1)])
def test_child_starts_anew_and_the_parent_goes_on_when_a_process_forks(before: str, offset: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKING, before], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert done.stdout, done.stderr
    assert json.loads(done.stdout) == [[1, 1], [offset, 1]]


def test_all_is_published_once_when_several_threads_share_a_publisher(backend: Backend) -> None:
    ann = backend.connect("ann")
    ann.subscribe("room:1")
    publisher = backend.publisher

    with ThreadPoolExecutor(8) as threads:
        published = list(threads.map(lambda number: publisher.publish("room:1", number), range(40)))

    assert sorted(each.position.offset for each in published if each.position) == list(range(1, 41))
    assert sorted(each["data"] for each in ann.received) == list(range(40))


def test_threads_share_one_object_when_both_are_the_first_to_ask() -> None:
    both = Barrier(2)

    def make() -> object:
        with suppress(BrokenBarrierError):
            both.wait(1)
        return object()

    once = PerProcess(make)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: once(), range(2))

    assert first is second is once()


def test_publication_is_stored_once_when_its_key_is_repeated_by_another_publisher(backend: Backend) -> None:
    first = backend.publisher.publish("room:1", "a", key="k")
    second = backend.publisher.publish("room:1", "b", key="k")

    assert first.position == second.position
    history = backend.connect("ann").send("channel.history", channel="room:1")
    assert [each["data"] for each in history["publications"]] == ["a"]


@pytest.mark.parametrize("channel", ["news:1", "members:1", "room:1"])
def test_publisher_speaks_on_every_channel_when_namespaces_limit_clients(
    backend: Backend, channel: str
) -> None:
    assert backend.publisher.publish(channel, "hello").channel == channel


def test_publisher_raises_when_the_channel_has_no_namespace(backend: Backend) -> None:
    with pytest.raises(UnknownChannelError):
        backend.publisher.publish("attic:1", "hello")


def test_every_connection_of_a_user_is_served_when_data_is_sent_to_them(backend: Backend) -> None:
    ann, tab, bob = backend.connect("ann"), backend.connect("ann"), backend.connect("bob")

    sent = backend.publisher.send("ann", {"n": 1}, sender=Sender(user_id="cron", name="Cron"))

    assert (sent.recipients, sent.sent, sent.complete) == (2, 2, True)
    assert [each["data"] for each in (*ann.received, *tab.received)] == [{"n": 1}] * 2
    assert ann.received[0]["sender"] == {"user_id": "cron", "name": "Cron"}
    assert bob.received == []
    assert backend.publisher.send("nobody", 1).recipients == 0


def test_everybody_is_served_when_data_is_broadcast(backend: Backend) -> None:
    clients = [backend.connect("ann"), backend.connect()]

    assert backend.publisher.broadcast("hello").sent == 2
    assert [each.received[0]["data"] for each in clients] == ["hello", "hello"]


def test_user_is_logged_out_when_closed_from_outside(backend: Backend) -> None:
    ann = backend.connect("ann")

    assert backend.publisher.close_user("ann") == 1
    assert ann.closed
    assert ann.received[-1]["code"] == "logged_out"


def test_subscription_ends_when_its_role_is_taken(backend: Backend) -> None:
    ann = backend.connect("ann", roles=["admin"])

    assert backend.publisher.change_roles("ann", ["editor"]) == 1
    assert ann.send("broadcast", data="x")["code"] == "forbidden"


def test_moment_has_the_clocks_instant_and_a_deadline_when_begun() -> None:
    begin = moments(20.0, clock=lambda: 5)

    assert begin().now == 5
    assert 0 < begin().time_left() <= 20
