"""Both kinds of sandbox on the event loop the gateway prefers."""

from pathlib import Path

import pytest
import uvloop

from signalbox.gateway.sandboxes.pool import SandboxPool
from signalbox.gateway.sandboxes.process_sandbox import ProcessSandbox
from signalbox.gateway.sandboxes.sandbox import Answer, Failure, Function, Result

EVENTS = (
    b'{"do": "swell", "size": 3000000}',
    b'{"do": "vanish"}',
    b'{"do": "print", "text": "x\\n", "times": 50000}',
    b'{"do": "wait", "file": "/never/written"}',
    b'{"do": "raise", "text": "boom"}',
)


def test_sandboxes_behave_the_same_when_the_loop_is_uvloop(
    kind: type[ProcessSandbox], lines: list[str], recwarn: pytest.WarningsRecorder
) -> None:
    async def run() -> list[Result]:
        function = Function("functions.handler", Path(__file__).parent)
        pool = SandboxPool(
            lambda number: kind(str(number), function, lambda _, line: lines.append(line)), 1, timeout=3.0
        )
        results = [await pool.invoke(event, "1") for event in EVENTS]
        await pool.close()
        return results

    big, vanished, printed, endless, raised = uvloop.run(run())

    assert isinstance(big, Answer)
    assert len(big.payload) == 3_000_002
    assert vanished == Failure("crashed", "Runtime.ExitError")
    assert isinstance(printed, Answer)
    assert lines.count("x") == 50_000
    assert endless == Failure("timeout", "Sandbox.Timedout")
    assert raised == Failure("error", "ValueError")
    assert not recwarn.list
