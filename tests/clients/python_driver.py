"""The Python client in the hands of a scenario."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

from signalbox.client.channels.subscription import Subscription
from signalbox.client.client import Client
from signalbox.client.errors import (
    ClientError,
    ClosedError,
    DisconnectedError,
    LostError,
    RefusedError,
    RequestError,
    TooLargeError,
    UnansweredError,
    UnsendableError,
)
from signalbox.client.settings import Settings
from signalbox.client.values import (
    Event,
    Gap,
    GatewayFrame,
    Item,
    MalformedFrame,
    NewerFrame,
    Position,
    Push,
    State,
    UnknownFrame,
)
from tests.clients.stepping import SteppedThread, stepped_thread

Command = dict[str, Any]

_ERRORS = {
    UnansweredError: "timeout",
    LostError: "lost",
    TooLargeError: "too_large",
    UnsendableError: "unsendable",
    ClosedError: "closed",
    RefusedError: "refused",
}

_KINDS = {
    UnknownFrame: "unknown",
    NewerFrame: "newer",
    MalformedFrame: "malformed",
    GatewayFrame: "gateway",
    Gap: "gap",
}


@asynccontextmanager
async def drive_python(url: str, options: dict[str, Any]) -> AsyncIterator["PythonDriver"]:
    """A driver of the Python client, with a clock of its own."""
    with stepped_thread() as thread:
        application = await thread.run(_made(url, options, asyncio.get_running_loop()))
        try:
            yield PythonDriver(thread, application)
        finally:
            await thread.run(application.end())


class PythonDriver:
    """What the runner talks to; the client lives in another thread."""

    def __init__(self, thread: SteppedThread, application: "Application") -> None:
        self._thread = thread
        self._application = application

    async def do(self, command: Command) -> None:
        """Obey a command."""
        if command["do"] == "advance":
            await self._thread.run(self._thread.loop.advance(command["seconds"]))
        else:
            await self._thread.run(self._application.obey(command))

    async def report(self) -> dict[str, Any]:
        """The next thing the application sees."""
        return await self._application.reports.get()


class Application:
    """An application that tells everything; `reports` belong to the loop of the runner."""

    def __init__(self, client: Client, home: asyncio.AbstractEventLoop) -> None:
        self.reports: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._client = client
        self._home = home
        self._subscriptions: dict[str, Subscription] = {}
        self._tasks = [asyncio.create_task(self._tell_events())]

    async def obey(self, command: Command) -> None:
        """Do what a command says."""
        work = getattr(self, f"_{command['do']}")(command)
        if command["do"] in ("open", "close"):
            await work

    async def end(self) -> None:
        """Close what is still open."""
        await self._client.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _open(self, _: Command) -> None:
        await self._client.__aenter__()

    def _subscribe(self, command: Command) -> None:
        since = Position(**command["since"]) if "since" in command else None
        channel = command["channel"]
        try:
            self._subscriptions[channel] = self._client.subscribe(channel, since=since)
        except ValueError:
            self._tell(shown={"ended": "invalid"}, of=channel)
        else:
            if command.get("reading", True):
                self._read(command)

    def _read(self, command: Command) -> None:
        self._start(self._tell_items(self._subscriptions[command["channel"]]))

    def _unsubscribe(self, command: Command) -> None:
        self._start(self._subscriptions.pop(command["channel"]).unsubscribe())

    def _position(self, command: Command) -> None:
        position = self._subscriptions[command["channel"]].position
        self._tell(result={"ok": {"position": position and position.fields()}}, **{"as": command["as"]})

    def _publish(self, command: Command) -> None:
        self._start(self._tell_result(command["as"], self._published(command["channel"], command["data"])))

    def _request(self, command: Command) -> None:
        asked = self._client.request(command["action"], **command["fields"])
        self._start(self._tell_result(command["as"], asked))

    async def _close(self, _: Command) -> None:
        await self._client.close()

    async def _published(self, channel: str, data: Any) -> Any:
        return (await self._client.publish(channel, data)).fields

    async def _tell_events(self) -> None:
        async for event in self._client.events:
            self._tell(event=_describe(event))

    async def _tell_items(self, subscription: Subscription) -> None:
        try:
            async for item in subscription:
                self._tell(shown=_show(item), of=subscription.channel)
        except ClientError as error:
            self._tell(shown={"ended": _name(error)}, of=subscription.channel)

    async def _tell_result(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        try:
            result = {"ok": await work}
        except ClientError as error:
            result = {"error": _name(error)}
        self._tell(result=result, **{"as": name})

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def _tell(self, **report: Any) -> None:
        self._home.call_soon_threadsafe(self.reports.put_nowait, report)


async def _made(url: str, options: dict[str, Any], home: asyncio.AbstractEventLoop) -> Application:
    tokens = iter(_tokens(options["tokens"])) if "tokens" in options else None
    client = Client(
        url,
        token=(lambda: next(tokens)) if tokens else None,
        settings=Settings(queue=options.get("queue", 1_000)),
        random=lambda: options.get("random", 0.5),
    )
    return Application(client, home)


def _tokens(tokens: list[str]) -> Iterator[str]:
    return itertools.chain(tokens, itertools.repeat(tokens[-1]))


def _name(error: ClientError) -> str:
    return error.code if isinstance(error, RequestError | DisconnectedError) else _ERRORS[type(error)]


def _show(item: Item) -> dict[str, Any]:
    if isinstance(item, Gap):
        return {"gap": item.reason}
    return {"publication": item.data, "offset": item.position and item.position.offset}


def _describe(event: Event) -> dict[str, Any]:
    match event:
        case State(name, seconds, error):
            more: dict[str, dict[str, Any]] = {
                "waiting": {"seconds": seconds},
                "closed": {"error": error and _name(error)},
            }
            return {"event": "state", "state": name, **more.get(name, {})}
        case Push(kind, fields):
            return {**fields, "event": kind}
    return {"event": _KINDS[type(event)], **_told(event)}


def _told(event: Event) -> dict[str, Any]:
    match event:
        case UnknownFrame(kind):
            return {"type": kind}
        case NewerFrame(version):
            return {"v": version}
        case GatewayFrame(message):
            return {"message": message}
    return {}
