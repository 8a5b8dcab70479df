"""The instants of the contract suite, and the check that no engine finds them expired.

An engine with a clock of its own may delete expired rows at any moment: ministack does so once a minute. A
test that wrote a row whose time is already up would fail whenever that moment falls into it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connection_store.engine import Engine
from connection_store.schema import TTL_ATTRIBUTE

NOW = 4_102_444_800_000
"""When the tests take place: 2100-01-01, in epoch milliseconds."""

_SET_EXPIRY = re.compile(rf"\b{TTL_ATTRIBUTE} = (:\w+)")


class WatchedEngine:
    """An engine that keeps in `expired` the writes of rows whose time is up by `clock` (epoch seconds)."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self.expired: list[Mapping[str, Any]] = []
        self._engine = engine
        self._clock = clock

    async def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.watch(request)
        return await self._engine.call(operation, request)

    async def close(self) -> None:
        await self._engine.close()

    def watch(self, request: Mapping[str, Any]) -> None:
        """Keep the writes in a request that store an expiry which has passed."""
        for write in _writes(request):
            if any(expiry <= self._clock() for expiry in _expiries(write)):
                self.expired.append(write)


def _writes(request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield request
    for entry in request.get("TransactItems", ()):
        yield from entry.values()
    for entries in request.get("RequestItems", {}).values():
        for entry in entries if isinstance(entries, list) else ():
            yield from entry.values()


def _expiries(write: Mapping[str, Any]) -> Iterator[int]:
    if value := write.get("Item", {}).get(TTL_ATTRIBUTE):
        yield int(value["N"])
    for name in _SET_EXPIRY.findall(write.get("UpdateExpression", "")):
        yield int(write["ExpressionAttributeValues"][name]["N"])
