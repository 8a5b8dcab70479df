"""S16: an error says which request it was, and nothing of what went wrong inside."""

import json

import pytest

from connection_store import StoreBusyError
from signalbox.observability import report_unexpected
from signalbox.resolver import WebSocketResolver
from tests.canary import CANARY
from tests.framework.identity.handshakes import listening
from tests.framework.resolver.events import message_event


class _HostileError(Exception):
    def __str__(self) -> str:
        raise RuntimeError(CANARY)


@pytest.mark.parametrize(
    "failure",
    [ValueError(CANARY), KeyError(CANARY), SystemExit(CANARY), StoreBusyError(CANARY), _HostileError(CANARY)],
)
async def test_s16_frame_and_log_are_silent_when_a_handler_fails(failure: BaseException) -> None:
    resolver = WebSocketResolver(on_unexpected=lambda _, error: report_unexpected(error, debug=False))

    @resolver.on_message("fail")
    async def fail() -> None:
        raise failure

    with listening() as log:
        answer = await resolver.dispatch(message_event(json.dumps({"action": "fail"})))

    assert json.loads(answer["body"]) == {
        "type": "error",
        "code": "internal",
        "retry": False,
        "request_id": "r=",
    }
    assert CANARY not in log.getvalue()
    assert type(failure).__name__ in log.getvalue()
