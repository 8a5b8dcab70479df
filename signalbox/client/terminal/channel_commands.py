"""The commands for channels: subscribe, publish, history, presence."""

import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

from ..channels.registry import PAGE
from ..client import Client
from ..connection.frames import FRAME_LIMIT, parse_object
from ..errors import ClientError, RequestError, UnsendableError, UnsentError
from ..settings import Settings
from ..tasks import first_of
from ..values import Page, Position, State
from .printer import Printer
from .stdin import read_chunks, split_lines
from .terminal import open_screen

Note = Callable[[str], None]


async def run_channel_command(options: Namespace, note: Note) -> None:
    """Run a command for a channel. Raises ClientError, and OSError for standard output."""
    token = _reader(options.token_file) if options.token_file else None
    settings = Settings(origin=options.origin)
    with open_screen(sys.stdout.fileno()) as output:
        printer = Printer(output, readable=output.isatty())
        async with Client(options.url, token=token, name=options.name, settings=settings) as client:
            await _connect(client)
            await first_of(_run(client, options, printer, note), _tell(client, note))


async def _run(client: Client, options: Namespace, printer: Printer, note: Note) -> None:
    match options.command:
        case "subscribe":
            await _subscribe(client, options, printer, note)
        case "publish":
            await _publish(client, options.channel, _texts(options.text), printer, note)
        case "history":
            await _history(client, options, printer)
        case "presence":
            printer.show_presence(options.channel, await client.presence(options.channel))


async def _connect(client: Client) -> None:
    async for event in client.events:
        match event:
            case State("connected"):
                return
            case State("waiting" | "closed", error=ClientError() as error):
                raise error


async def _tell(client: Client, note: Note) -> None:
    async for event in client.events:
        match event:
            case State("waiting", seconds, error):
                note(f"{error}; next attempt in {seconds:.1f} s")
            case State("connected"):
                note("connected again")
            case State(
                "closed", error=ClientError() as error
            ):  # a command that waits for input does not notice
                raise error


async def _subscribe(client: Client, options: Namespace, printer: Printer, note: Note) -> None:
    subscription = client.subscribe(options.channel, since=options.since)
    try:
        async for item in subscription:
            printer.show_item(item)
    finally:
        if subscription.position:
            note(f"to go on from here: --since {subscription.position}")


async def _publish(
    client: Client, channel: str, texts: AsyncIterator[tuple[str, str]], printer: Printer, note: Note
) -> None:
    subscription = client.subscribe(channel)
    with suppress(RequestError):  # many channels let only subscribers publish, others anyone
        await subscription.subscribed()
    unsent = 0
    async for name, text in texts:
        fields = parse_object(text)
        try:
            published = await client.publish(channel, {"text": text} if fields is None else fields)
        except UnsendableError as error:
            unsent += 1
            note(f"{name}: {error}")
        else:
            printer.show_published(channel, published)
    if unsent:
        raise UnsentError(f"texts not sent: {unsent}")


async def _history(client: Client, options: Namespace, printer: Printer) -> None:
    left, since, until = options.limit, options.since, None
    while left > 0:
        page = await client.history(
            options.channel, since=since, until=until, limit=min(left, PAGE), reverse=options.reverse
        )
        for publication in page.publications:
            printer.show_item(publication)
        if not (page.more and page.publications):
            return
        left -= len(page.publications)
        if options.reverse:
            until = _end(page)
        else:
            since = _end(page)


def _end(page: Page) -> Position | None:
    return page.publications[-1].position


async def _texts(text: str | None) -> AsyncIterator[tuple[str, str]]:
    if text is not None:
        yield "TEXT", text
        return
    number = 0
    async for line in split_lines(read_chunks(sys.stdin.fileno()), FRAME_LIMIT):
        number += 1
        if stripped := line.decode("utf-8", "replace").strip():
            yield f"line {number}", stripped


def _reader(file: str) -> Callable[[], str]:
    return lambda: Path(file).read_text().strip()
