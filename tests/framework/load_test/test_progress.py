import asyncio
import io

from signalbox.load_test.deliveries import PhaseCounts
from signalbox.load_test.plan import Plan
from signalbox.load_test.progress import Progress
from signalbox.load_test.run import LoadTest
from signalbox.load_test.sockets.dialer import Dialer
from signalbox.load_test.sockets.handshake import parse_address
from tests.framework.aws.virtual import VirtualLoop


class Screen(io.StringIO):
    """A stream that is a terminal or not, and knows when something has been written."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.written = asyncio.Event()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def flush(self) -> None:
        self.written.set()


def make_test() -> LoadTest:
    """A run of 10 connections and 4 broadcasts, one in 2 seconds."""
    plan = Plan(10, 4, 64, 100.0, 1, 2.0, ramp=1, storm=0, slow=0, timeout=5.0)
    return LoadTest(plan, Dialer(parse_address("ws://h/", None)), "0a1b2c3d")


def show(test: LoadTest, *, terminal: bool) -> str:
    """What is on the stream after the first line, and after the end."""
    screen = Screen(terminal)

    async def until_written() -> None:
        showing = asyncio.create_task(Progress(test, screen).show())
        async with asyncio.timeout(30):
            await screen.written.wait()
        showing.cancel()
        await asyncio.wait([showing])

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(until_written())
    return screen.getvalue()


def test_one_line_is_rewritten_and_cleared_when_it_is_a_terminal() -> None:
    test = make_test()
    test.phase_counts, test.opening = [PhaseCounts("run")], 6

    text = show(test, terminal=True)

    assert text == "\r\x1b[Krun: 0 connections open, 6 to go, 0/s, no progress\r\x1b[K"


def test_lines_are_plain_when_it_is_no_terminal() -> None:
    test = make_test()
    test.phase_counts, test.unsent = (
        [PhaseCounts("run", connections=10, broadcasts=3, expected=30, received=28)],
        1,
    )
    test.phase_counts[0].outstanding = 1

    text = show(test, terminal=False)

    assert text.startswith("run: 3 of 4 broadcasts sent, 28 of 30 deliveries, ")
    assert "lost 1, p99 0 ms, " in text
    assert text.endswith("s left\n")
    assert "\x1b" not in text
