"""Creating the table where it is not deployed: in the local run, and in tests.

It looks first and changes nothing that it did not recognise.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from . import schema
from .errors import ForeignTableError, StoreBusyError, StoreError, TableMissingError
from .timing import Clock

CREATION = 30.0
CREATION_POLL = 0.5
"""Seconds that creating a table may take, and seconds between two looks at it."""

TTL_IN_USE = {"ENABLING", "ENABLED"}

Call = Callable[..., Awaitable[Mapping[str, Any]]]
"""From an operation and its parameters, the table's name left out, to the answer."""


class Creation:
    """Creates one table. Several processes may do so at the same time."""

    def __init__(
        self, name: str, call: Call, clock: Clock, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._name = name
        self._call = call
        self._clock = clock
        self._sleep = sleep

    async def run(self) -> None:
        """Create the table and switch its TTL on, where that is still to be done; wait until it is usable.

        Raises ForeignTableError, and StoreBusyError after 30 seconds.
        """
        await self._unless(self._exists, "CreateTable", schema.definition(self._name))
        ends = self._clock() + CREATION
        while await self._status() != "ACTIVE":
            if self._clock() >= ends:
                text = f"table {self._name!r} is still not active after {CREATION:.0f} seconds: try again"
                raise StoreBusyError(text)
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
            # Two may start at the same time, and the second one has not failed.
            if not await done():
                raise

    async def _exists(self) -> bool:
        return await self._status() is not None

    async def _status(self) -> str | None:
        try:
            answer = await self._call("DescribeTable")
        except TableMissingError:
            return None
        found = schema.describe_keys(answer["Table"])
        ours = schema.describe_keys(schema.definition(self._name))
        if found != ours:
            raise self._foreign(f"the keys {found}", ours)
        status: str = answer["Table"]["TableStatus"]
        return status

    async def _expires(self) -> bool:
        setting = (await self._call("DescribeTimeToLive"))["TimeToLiveDescription"]
        found = setting.get("AttributeName", schema.TTL_ATTRIBUTE)
        if found != schema.TTL_ATTRIBUTE and setting["TimeToLiveStatus"] != "DISABLED":
            raise self._foreign(f"its TTL on {found}", schema.TTL_ATTRIBUTE)
        return setting.get("TimeToLiveStatus") in TTL_IN_USE

    def _foreign(self, found: str, needed: str) -> ForeignTableError:
        advice = "choose another table name"
        return ForeignTableError(f"table {self._name!r} has {found}, but this store needs {needed}: {advice}")
