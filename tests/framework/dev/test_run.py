"""What the local run says when it cannot start."""

from types import SimpleNamespace
from typing import Any

import pytest

from signalbox.dev import run
from signalbox.dev.engine import free_port


async def test_words_a_newcomer_understands_are_said_when_the_table_is_not_made_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(run, "START_PATIENCE", 0.2)

    with pytest.raises(run.StartError, match=r"^the table could not be made within 0\.2 s: this machine is"):
        await run._make_table()


def test_a_busy_machine_has_half_a_minute_when_the_table_is_made() -> None:
    assert run.START_PATIENCE == 30


@pytest.mark.parametrize(
    ("gateway", "reason"),
    [
        (
            SimpleNamespace(init_error="routes.py: no db"),
            "the application cannot be loaded: routes.py: no db",
        ),
        (SimpleNamespace(init_error=None), "the first connection was refused: 502"),
        (SimpleNamespace(), "the first connection was refused: 502"),
    ],
)
def test_reason_is_the_functions_own_when_it_cannot_be_loaded(gateway: Any, reason: str) -> None:
    assert run._reason(gateway, Exception("502")).startswith(reason)
