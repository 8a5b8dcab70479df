"""What the local run says when it cannot start."""

from typing import Any, Self

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


class Closing:
    """A gateway that learns while it closes why a function cannot be loaded."""

    init_error: str | None = None

    def __init__(self, learned: str | None) -> None:
        self._learned = learned

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.init_error = self._learned


@pytest.mark.parametrize(
    ("learned", "reason"),
    [("no db", "the application cannot be loaded: no db"), (None, "the first connection was refused")],
)
async def test_last_line_is_the_functions_own_error_when_it_cannot_be_loaded(
    learned: str | None, reason: str
) -> None:
    closing: Any = Closing(learned)

    with pytest.raises(run.StartError, match=f"^{reason}$"):
        async with run._explained_when_closed(closing):
            raise run.StartError("the first connection was refused")
