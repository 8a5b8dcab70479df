"""Covers signalbox.client.channels.subscription, signalbox.client.errors.
Covers signalbox.client.connection.credentials.
"""

import asyncio
import re
import subprocess
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import signalbox.client as package
from signalbox.client import Client, ClientError, Position, Publication, Settings, State
from signalbox.client.errors import (
    AddressError,
    ClosedError,
    RefusedError,
    SubscribedError,
    TooLargeError,
    UnansweredError,
    UnsendableError,
)
from signalbox.client.values import PresenceUser
from tests.framework.client.backend import Backend, reply
from tests.framework.client.commandline import ROOT
from tests.framework.client.published import at

QUICK = Settings(reconnect_pause=0.01, retry_pause=0.01, longest_pause=0.02, hold=0.05)
ANN = {"user_id": "u-1", "name": "Ann"}


@pytest.fixture(autouse=True)
async def _patience() -> Any:
    """Nothing here takes longer."""
    end = asyncio.get_running_loop().call_later(20, lambda: [task.cancel() for task in asyncio.all_tasks()])
    yield
    end.cancel()


def queries(backend: Backend) -> list[dict[str, list[str]]]:
    """What each handshake asked for."""
    return [parse_qs(urlsplit(path).query) for path in backend.paths]


async def until_error(client: Client) -> ClientError:
    """The first error that is an event."""
    async for event in client.events:
        if isinstance(event, State) and event.error:
            return event.error
    raise AssertionError("no error came")


def test_only_what_is_asked_for_is_loaded_when_the_package_is_imported() -> None:
    program = """
import sys
import signalbox.client
assert not {"websockets", "asyncio"} & set(sys.modules), "too much"
from signalbox.client import Client
names = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
print(sorted(names - {"sitecustomize"}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=20, check=True
    )

    assert "'signalbox', 'websockets'" in done.stdout
    assert not {"boto3", "pydantic"} & set(done.stdout)


def test_every_name_is_there_when_the_package_exports_it() -> None:
    assert [getattr(package, name).__name__ for name in package.__all__] == package.__all__
    with pytest.raises(AttributeError, match="nope"):
        _ = package.nope


async def test_what_is_published_comes_back_when_one_is_subscribed(backend: Backend) -> None:
    async with Client(backend.url, name="Ann") as client:
        subscription = client.subscribe("room:1")
        await subscription.subscribed()
        published = await client.publish("room:1", {"text": "hello"})
        item = await anext(subscription)

        assert isinstance(item, Publication)
        assert (item.data, item.sender.name) == ({"text": "hello"}, "Ann")
        assert item.position == published.position == subscription.position == at(1)


async def test_it_is_the_same_guest_when_it_comes_back(backend: Backend) -> None:
    async with Client(backend.url, settings=QUICK) as client:
        await client.connected()
        backend.abort()
        await backend.until(lambda: len(backend.paths) == 2)

    first, second = (query["client"][0] for query in queries(backend))
    assert first == second
    assert len(first) == 22


async def test_the_guest_is_the_one_of_the_address_when_there_is_one(backend: Backend) -> None:
    async with Client(f"{backend.url}?client={'x' * 22}") as client:
        await client.connected()

    assert queries(backend) == [{"client": ["x" * 22]}]


async def test_a_ticket_is_asked_for_with_every_attempt_when_there_are_tickets(backend: Backend) -> None:
    tickets = iter(["t-1", "t-2"])

    async def ticket() -> str:
        return next(tickets)

    async with Client(backend.url, ticket=ticket, settings=QUICK) as client:
        await client.connected()
        backend.abort()
        await backend.until(lambda: len(backend.paths) == 2)

    assert [query["ticket"] for query in queries(backend)] == [["t-1"], ["t-2"]]


async def test_it_tries_again_when_the_token_cannot_be_had(backend: Backend) -> None:
    tokens = ["t-2", ""]

    def token() -> str:
        if answer := tokens.pop():
            return answer
        raise OSError("no network")

    async with Client(backend.url, token=token, settings=QUICK) as client:
        error = await until_error(client)
        await client.connected()

    assert isinstance(error, RefusedError)
    assert str(error) == "no token: no network"
    assert backend.offered == [["realtime.v1", "bearer.t-2"]]


@pytest.mark.parametrize("status", [401, 403])
async def test_it_is_the_end_when_the_token_that_is_refused_is_the_only_one(
    backend: Backend, status: int
) -> None:
    backend.refusal = status
    async with Client(backend.url, token="t-1") as client:
        subscription = client.subscribe("room:1")
        for wait in (client.connected(), anext(subscription), client.publish("room:1", 1)):
            with pytest.raises(RefusedError, match=str(status)):
                await wait
        with pytest.raises(RefusedError):
            client.subscribe("room:2")
        assert client.state == "closed"

    assert len(backend.paths) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "ws://", "ws://[::1/"])
def test_there_is_no_client_when_the_address_is_none(url: str) -> None:
    with pytest.raises(AddressError, match=f"^{re.escape(repr(url))} is not a WebSocket address"):
        Client(url)


def test_there_is_no_client_when_the_name_is_not_utf_8() -> None:
    with pytest.raises(AddressError):
        Client("ws://127.0.0.1/", name="\udcff")


async def test_a_channel_is_refused_when_it_is_subscribed_to_already(backend: Backend) -> None:
    async with Client(backend.url) as client:
        subscription = client.subscribe("room:1")
        with pytest.raises(SubscribedError):
            client.subscribe("room:1")
        await subscription.subscribed()
        await subscription.unsubscribe()
        await client.subscribe("room:1").subscribed()

        assert [item async for item in subscription] == []


async def test_nobody_waits_for_an_answer_when_the_client_is_closed() -> None:
    async with Client("ws://127.0.0.1:1/local") as client:
        subscription = client.subscribe("room:1")
        waiting = asyncio.create_task(subscription.subscribed())
        await asyncio.sleep(0)
    with pytest.raises(ClosedError):
        await waiting


async def test_everything_ends_when_the_client_is_closed_before_it_began() -> None:
    async with Client("ws://127.0.0.1:1/local") as client:
        subscription = client.subscribe("room:1")

    assert [item async for item in subscription] == []
    assert [event async for event in client.events] == [State("closed")]


async def test_a_channel_is_kept_when_it_is_left_and_subscribed_to_before_the_answer(
    backend: Backend,
) -> None:
    async with Client(backend.url) as client:
        await client.connected()
        first = client.subscribe("room:1")
        await asyncio.sleep(0)
        await first.unsubscribe()
        await client.subscribe("room:1").subscribed()
        await client.request("whoami")

    assert "channel.unsubscribe" not in backend.actions


async def test_it_is_connected_when_the_beat_is_longer_than_time_itself(backend: Backend) -> None:
    backend.script = lambda request: [reply(request, "welcome", beat=10**400)]
    async with Client(backend.url) as client:
        await client.connected()


@pytest.mark.parametrize("data", [float("nan"), float("inf"), object(), "\ud800"])
async def test_a_publication_is_refused_when_it_is_not_json(backend: Backend, data: object) -> None:
    async with Client(backend.url) as client:
        with pytest.raises(UnsendableError, match=r"^not sent: "):
            await client.publish("room:1", data)


async def test_the_iteration_ends_when_the_client_is_closed(backend: Backend) -> None:
    async with Client(backend.url) as client:
        subscription = client.subscribe("room:1")
        await subscription.subscribed()
    await client.close()

    assert [item async for item in subscription] == []
    with pytest.raises(ClosedError):
        await client.request("who")


async def test_history_and_presence_are_typed_when_they_are_asked_for(backend: Backend) -> None:
    for number in (1, 2, 3):
        await backend.publish("room:1", number, ANN)
    async with Client(backend.url) as client:
        page = await client.history("room:1", since=Position("e", 1), limit=1)
        presence = await client.presence("room:1")

    assert ([each.data for each in page.publications], page.position, page.more) == ([2], at(3), True)
    assert presence.users == (PresenceUser("u-1", ("Ann", "Ann's phone")),)


async def test_a_publication_is_refused_when_it_is_too_large(backend: Backend) -> None:
    async with Client(backend.url) as client:
        with pytest.raises(TooLargeError):
            await client.publish("room:1", "x" * 32_768)


async def test_it_may_have_been_published_when_its_time_is_over(backend: Backend) -> None:
    backend.script = lambda request: [reply(request, "welcome")] if request["action"] == "hello" else []
    async with Client(backend.url) as client:
        with pytest.raises(UnansweredError, match=r"not acknowledged within 0\.1 s"):
            await client.publish("room:1", 1, key="k", within=0.1)

    assert backend.requests[-1]["key"] == "k"


async def test_the_old_connection_stays_when_a_new_one_is_refused(backend: Backend) -> None:
    settings = Settings(reconnect_pause=0.01, longest_pause=0.01, roll_over=(0.05, 0.05))
    async with Client(backend.url, settings=settings) as client:
        subscription = client.subscribe("room:1")
        await subscription.subscribed()
        backend.refusal = 503
        while len(backend.paths) < 4:  # noqa: ASYNC110 - handshakes that are refused tell nobody
            await asyncio.sleep(0.01)
        assert client.state == "connected"
        await client.publish("room:1", 1)
        backend.refusal = None
        await backend.until(lambda: backend.actions.count("channel.subscribe") >= 2)
        await client.publish("room:1", 2)
        items = [await anext(subscription) for _ in range(2)]

    assert [item.position for item in items] == [at(1), at(2)]
