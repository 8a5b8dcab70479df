import asyncio

import pytest

from signalbox.client.errors import LostError
from signalbox.client.tasks import first_of


async def test_the_others_are_cancelled_when_the_first_one_fails() -> None:
    ended: list[str] = []

    async def fail() -> None:
        raise LostError("gone")

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    with pytest.raises(LostError, match="gone"):
        await first_of(wait(), fail())
    assert ended == ["cancelled"]
