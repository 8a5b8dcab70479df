"""The command without a channel: a conversation on a terminal, or lines between pipes."""

import sys
from argparse import Namespace
from collections.abc import Callable

from ..connection.sockets import with_query
from ..connection.stream import FrameStream, open_stream
from .arguments import is_conversation
from .pipe import Pipe
from .stdin import read_chunks
from .terminal import Conversation, Terminal, open_screen, single_keys, wants_colours


async def converse(options: Namespace, note: Callable[[str], None]) -> None:
    """Connect and talk until one side ends. Raises ClientError, and OSError for standard output."""
    url = options.url if options.name is None else with_query(options.url, name=options.name)
    async with open_stream(url, origin=options.origin) as stream:
        if is_conversation():
            await _converse_on_terminal(stream)
        else:
            note("connected")
            pipe = Pipe(stream, read_chunks(sys.stdin.fileno()), sys.stdout.buffer, note)
            await pipe.run(wait=options.wait, listen=options.listen)


async def _converse_on_terminal(stream: FrameStream) -> None:
    keyboard = sys.stdin.fileno()
    with open_screen(sys.stdout.fileno()) as screen, single_keys(keyboard):
        terminal = Terminal(screen, colours=wants_colours(screen))
        await Conversation(stream, terminal).run(read_chunks(keyboard))
