"""The client on a terminal: a prompt at the bottom, messages above it."""

import asyncio
import contextlib
import os
import shutil
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from typing import TextIO

from ..connection.stream import FrameStream
from ..errors import CommandError, UnsendableError
from ..tasks import first_of
from .commands import HELP, parse_command
from .editor import Editor
from .transcript import Line, Tone, describe, plain

ANSWER_TIMEOUT = 30.0
"""Seconds. API Gateway gives up on the backend after 29 (W69)."""

_PROMPT = "> "
_CLEAR_ROW = "\r\x1b[K"
_RESET = "\x1b[0m"
_COLOURS = {Tone.MESSAGE: "", Tone.DIRECT: "\x1b[35m", Tone.REPLY: "\x1b[2m", Tone.ERROR: "\x1b[31m"}


class Terminal:
    """A screen with a prompt."""

    def __init__(self, screen: TextIO, *, colours: bool) -> None:
        self.editor = Editor()
        self._screen = screen
        self._colours = colours

    def show(self, line: Line) -> None:
        """Print a line above the prompt. The text being typed stays."""
        colour = _COLOURS[line.tone] if self._colours else ""
        text = f"{colour}{line.text}{_RESET}" if colour else line.text
        self._screen.write(f"{_CLEAR_ROW}{text}\n")
        self.draw_prompt()

    def keep(self, line: str) -> None:
        """Leave a finished line on the screen, as it was typed."""
        self._screen.write(f"{_CLEAR_ROW}{_PROMPT}{line}\n")

    def draw_prompt(self) -> None:
        """Draw the prompt and the end of the typed text that fits into one row."""
        columns = shutil.get_terminal_size().columns - len(_PROMPT) - 1
        self._screen.write(f"{_CLEAR_ROW}{_PROMPT}{self.editor.visible(columns)}")
        self._screen.flush()

    def clear_prompt(self) -> None:
        """Clear the row of the prompt."""
        self._screen.write(_CLEAR_ROW)
        self._screen.flush()


class Conversation:
    """A person at a terminal who talks over a stream."""

    def __init__(
        self, stream: FrameStream, terminal: Terminal, answer_timeout: float = ANSWER_TIMEOUT
    ) -> None:
        self._stream = stream
        self._terminal = terminal
        self._answer_timeout = answer_timeout

    async def run(self, keys: AsyncIterator[bytes]) -> None:
        """Send and receive until the person leaves or the server closes. Raises LostError."""
        try:
            await first_of(self._listen(), self._talk(keys))
        finally:
            self._terminal.clear_prompt()

    async def _listen(self) -> None:
        async for frame in self._stream.frames():
            self._terminal.show(describe(frame))

    async def _talk(self, keys: AsyncIterator[bytes]) -> None:
        await self._enter_state("/me")
        self._terminal.draw_prompt()
        async for chunk in keys:
            try:
                for line in self._terminal.editor.type(chunk):
                    self._terminal.keep(line)
                    await self._run(line.strip())
            except EOFError:
                return
            self._terminal.draw_prompt()

    async def _run(self, line: str) -> None:
        if line == "/quit":
            raise EOFError
        if line == "/help":
            self._terminal.show(Line(HELP, Tone.REPLY))
        elif line:
            await self._enter_state(line)

    async def _enter_state(self, line: str) -> None:
        try:
            request = parse_command(line)
            if isinstance(request, str):
                await self._stream.send(request)
            else:
                self._expect_answer(await self._stream.request(request), line)
        except (CommandError, UnsendableError) as error:
            self._terminal.show(Line(str(error), Tone.ERROR))

    def _expect_answer(self, request_id: str, line: str) -> None:
        def complain() -> None:
            if self._stream.awaits(request_id):
                words = f"no answer for {self._answer_timeout:g} s: {plain(line)}"
                self._terminal.show(Line(words, Tone.ERROR))

        asyncio.get_running_loop().call_later(self._answer_timeout, complain)


@contextlib.contextmanager
def single_keys(descriptor: int) -> Iterator[None]:
    """Read single keys without echo. The terminal is restored at the end."""
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def open_screen(descriptor: int) -> TextIO:
    """Open the terminal for writing. Characters outside its encoding become visible escapes."""
    return open(descriptor, "w", errors="backslashreplace", closefd=False)


def wants_colours(screen: TextIO) -> bool:
    """Return whether to write colours to ``screen`` (https://no-color.org)."""
    return screen.isatty() and not os.environ.get("NO_COLOR")
