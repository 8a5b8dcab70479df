"""Making the table, where nobody deploys it: the local run, and tests."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from . import schema
from .budget import Clock
from .errors import StoreBusyError, StoreError, TableMissingError

CREATION = 60.0
CREATION_POLL = 0.5
"""Seconds a new table may take, and seconds between two looks at it."""

Call = Callable[..., Awaitable[Mapping[str, Any]]]
"""From an operation and its parameters, the table's name left out, to the answer."""


class Creation:
    """Makes one table: any number may try at once."""

    def __init__(
        self, name: str, call: Call, clock: Clock, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._name = name
        self._call = call
        self._clock = clock
        self._sleep = sleep

    async def run(self) -> None:
        """Make the table and switch its TTL on, where that is still to be done; wait until it is usable."""
        await self._unless(self._exists, "CreateTable", schema.definition(self._name))
        ends = self._clock() + CREATION
        while await self._status() != "ACTIVE":
            if self._clock() >= ends:
                raise StoreBusyError("the table is still not active")
            await self._sleep(CREATION_POLL)
        await self._unless(self._expires, "UpdateTimeToLive", schema.expiry(self._name))

    async def _unless(
        self, done: Callable[[], Awaitable[bool]], operation: str, request: dict[str, Any]
    ) -> None:
        if await done():
            return
        try:
            await self._call(operation, **request)
        except StoreError:
            # Two may start at once, and to come second is no failure.
            if not await done():
                raise

    async def _exists(self) -> bool:
        return await self._status() is not None

    async def _status(self) -> str | None:
        try:
            answer = await self._call("DescribeTable")
        except TableMissingError:
            return None
        status: str = answer["Table"]["TableStatus"]
        return status

    async def _expires(self) -> bool:
        answer = await self._call("DescribeTimeToLive")
        return answer["TimeToLiveDescription"].get("TimeToLiveStatus") in {"ENABLING", "ENABLED"}
