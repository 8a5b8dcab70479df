"""The only calls to DynamoDB.

Every request goes through one function. It keeps the time budget, retries temporary failures, and turns the
engine's errors into the store's. Every row that is read goes through another, which hides expired ones.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from signalbox.aws.loop import all_of
from signalbox.aws.retries import full_jitter

from . import schema
from .arguments import table_name
from .aws_engine import AwsEngine
from .boto3_engine import Boto3Engine
from .concurrency import ConcurrencyLimit
from .creation import CREATION, Creation
from .engine import Engine, EngineError, RequestRefusedError
from .errors import ConditionFailedError, StoreBusyError, TransactionConflictError
from .failures import translate
from .requests import Query, Update, Write
from .schema import Key
from .timing import CALL_BUDGET, Clock, deadline, time_budget
from .wire import Item, Record, decode, encode

CONCURRENCY = 8
AHEAD = 4
"""Queries under way at once while their rows are consumed in order."""

BATCH = 25
READ_BATCH = 100
"""Writes in one BatchWriteItem, keys in one BatchGetItem: DynamoDB's limits."""

BATCH_ATTEMPTS = 5
"""Requests for one batch of keys, each for those that the one before left out."""

CONFLICT_RETRIES = 3

Listener = Callable[[str, Mapping[str, Any], Mapping[str, Any] | RequestRefusedError], None]
"""Told of every answer of DynamoDB: operation, request, and the answer or the error."""


class Table:
    """One DynamoDB table. Every method raises StoreError or one of its kinds.

    Requests go to DynamoDB as the standard environment variables describe it, unless `engine` is given, or
    `client`, which is boto3's client or an object with its methods. At most `concurrency` calls run at once,
    and others wait for their turn; `budget` is the seconds a call may take from then on. `listener` hears
    every answer. `clock`, `sleep` and `randomness` are arguments for the sake of tests.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        engine: Engine | None = None,
        client: object | None = None,
        concurrency: int = CONCURRENCY,
        budget: float = CALL_BUDGET,
        listener: Listener | None = None,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        randomness: Random | None = None,
    ) -> None:
        self.name = table_name(name)
        self._owns_engine = engine is None
        self._engine = engine or _make_engine(client, concurrency)
        self._turns = ConcurrencyLimit(concurrency, clock)
        self._budget = budget
        self._listener = listener or _tell_nobody
        self._clock = clock
        self._sleep = sleep
        self._randomness = randomness or secrets.SystemRandom()

    def warm(self) -> None:
        """Read the certificate authorities now, while a sandbox starts, rather than in its first event.

        It takes 20 ms. A client of boto3 is left alone.
        """
        if isinstance(self._engine, AwsEngine):
            try:
                self._engine.warm()
            except EngineError as error:
                raise translate("warm", error) from None

    async def close(self) -> None:
        """Close the sockets. An engine that was given stays open."""
        if self._owns_engine:
            await self._engine.close()

    async def get(self, key: Key, *, now: int, consistent: bool = False) -> Record | None:
        """Return a row that is alive at `now`, or None."""
        answer = await self._call("GetItem", Key=encode(key._asdict()), ConsistentRead=consistent)
        return _live(answer.get("Item"), now)

    async def get_all(self, keys: Sequence[Key], *, now: int, consistent: bool = False) -> dict[Key, Record]:
        """Return by their keys those of some rows that are there and alive at `now`."""
        batches = [keys[first : first + READ_BATCH] for first in range(0, len(keys), READ_BATCH)]
        found = await all_of(self._batch(batch, now, consistent) for batch in batches)
        return {key: record for records in found for key, record in records.items()}

    async def query(self, *queries: Query) -> AsyncGenerator[Record, None]:
        """Yield the rows of one query after the other, while the next pages are already being read.

        A consumer that may stop early closes it (`contextlib.aclosing`), which ends the reading ahead.
        """
        waiting = deque(queries)
        pages: deque[asyncio.Task[tuple[list[Record], Query | None]]] = deque()
        try:
            while waiting or pages:
                while waiting and len(pages) < AHEAD:
                    pages.append(asyncio.create_task(self._page(waiting.popleft())))
                records, rest = await pages[0]
                # Only DynamoDB's key tells whether more follows. A page may be empty and not the last (F23).
                if rest is None:
                    pages.popleft()
                else:
                    pages[0] = asyncio.create_task(self._page(rest))
                for record in records:
                    yield record
        finally:
            for page in pages:
                page.cancel()
            await asyncio.gather(*pages, return_exceptions=True)

    async def write(self, *writes: Write, now: int) -> None:
        """Do all of `writes` or none.

        Raises ConditionFailedError with the rows, alive at `now`, that stood against it.
        """
        try:
            await self._write(*writes)
        except ConditionFailedError as refused:
            alive = {position: _live(item, now) for position, item in refused.refusals.items()}
            refused.records = {position: record for position, record in alive.items() if record}
            raise

    async def update(self, update: Update, *, now: int) -> Record | None:
        """Change a row if its condition holds. Return the row as it was before, if it was alive at `now`."""
        try:
            answer = await self._call("UpdateItem", **update.parameters(), ReturnValues="ALL_OLD")
        except ConditionFailedError as refused:
            return _live(refused.refusals[0], now)
        return _live(answer.get("Attributes"), now)

    async def delete_all(self, keys: Iterable[Key]) -> None:
        """Delete rows, one BatchWriteItem after the other. After a failure any of them may be left."""
        deletes = [{"DeleteRequest": {"Key": encode(key._asdict())}} for key in keys]
        for first in range(0, len(deletes), BATCH):
            await self._retry("BatchWriteItem", {"RequestItems": {self.name: deletes[first : first + BATCH]}})

    async def create(self) -> None:
        """Create the table and switch its TTL on where that is still to be done. Wait until it is usable.

        It takes up to 30 seconds. Raises ForeignTableError for a table that is another application's.
        """

        async def call(operation: str, **parameters: Any) -> Mapping[str, Any]:
            return await self._retry(operation, {"TableName": self.name, **parameters}, CREATION)

        with time_budget(CREATION, clock=self._clock):
            await Creation(self.name, call, self._clock, self._sleep).run()

    async def pause(self, attempt: int) -> None:
        """Wait before a repetition, the first being 0: a random time, because others are waiting too."""
        await self._sleep(full_jitter(attempt, self._randomness))

    def token(self, bits: int = 128) -> str:
        """Return a random and unique text."""
        return f"{self._randomness.getrandbits(bits):0{bits // 4}x}"

    async def _page(self, query: Query) -> tuple[list[Record], Query | None]:
        answer = await self._call("Query", **query.parameters())
        records = [record for item in answer["Items"] if (record := _live(item, query.now))]
        last = answer.get("LastEvaluatedKey")
        return records, replace(query, start=last) if last else None

    async def _batch(self, keys: Sequence[Key], now: int, consistent: bool) -> dict[Key, Record]:
        wanted: Any = {"Keys": [encode(key._asdict()) for key in keys], "ConsistentRead": consistent}
        found: dict[Key, Record] = {}
        for attempt in range(BATCH_ATTEMPTS):
            answer = await self._retry("BatchGetItem", {"RequestItems": {self.name: wanted}})
            for item in answer["Responses"][self.name]:
                if record := _live(item, now):
                    found[Key(record[schema.PARTITION_KEY], record[schema.SORT_KEY])] = record
            wanted = answer.get("UnprocessedKeys", {}).get(self.name)
            if not wanted:
                return found
            await self.pause(attempt)
        raise StoreBusyError("BatchGetItem: not all of it was read")

    async def _write(self, *writes: Write) -> None:
        if len(writes) == 1:
            await self._call(f"{writes[0].operation}Item", **writes[0].parameters())
            return
        items = [{write.operation: {"TableName": self.name, **write.parameters()}} for write in writes]
        # Drawn once for all attempts: the second, after a lost answer, is then not a second transaction.
        request = {"TransactItems": items, "ClientRequestToken": self.token()}
        await self._retry("TransactWriteItems", request)

    async def _call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        return await self._retry(operation, {"TableName": self.name, **parameters})

    async def _retry(
        self, operation: str, request: dict[str, Any], budget: float | None = None
    ) -> Mapping[str, Any]:
        turn = await self._turns.take(operation)
        try:
            # Its clock starts only now: of many calls at once, the last has as much time as the first.
            ends = deadline(self._budget if budget is None else budget, self._clock)
            return await self._repeat(operation, request, ends)
        finally:
            turn.release()

    async def _repeat(self, operation: str, request: dict[str, Any], ends: float) -> Mapping[str, Any]:
        attempt = conflicts = 0
        while True:
            try:
                return await self._attempt(operation, request, ends)
            except (StoreBusyError, TransactionConflictError) as error:
                conflicts += isinstance(error, TransactionConflictError)
                pause = full_jitter(attempt, self._randomness)
                if conflicts > CONFLICT_RETRIES or self._clock() + pause >= ends:
                    raise
            await self._sleep(pause)
            attempt += 1

    async def _attempt(self, operation: str, request: dict[str, Any], ends: float) -> Mapping[str, Any]:
        left = ends - self._clock()
        if left <= 0:
            raise StoreBusyError(f"{operation}: no time left")
        try:
            async with asyncio.timeout(left):
                answer = await self._send(operation, request)
        except TimeoutError:
            raise StoreBusyError(f"{operation}: no answer in time") from None
        if unprocessed := answer.get("UnprocessedItems"):
            request["RequestItems"] = unprocessed
            raise StoreBusyError(f"{operation}: not all of it was done")
        return answer

    async def _send(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            answer = await self._engine.call(operation, request)
        except EngineError as error:
            if isinstance(error, RequestRefusedError):
                self._listener(operation, request, error)
            # The engine's error holds DynamoDB's text and items, and none of it may get into a traceback.
            raise translate(operation, error) from None
        self._listener(operation, request, answer)
        return answer


def _make_engine(client: object | None, concurrency: int) -> Engine:
    if client is None:
        return AwsEngine(connections=concurrency)
    return Boto3Engine(client, workers=concurrency)


def _tell_nobody(*_: object) -> None:
    pass


def _live(item: Item | None, now: int) -> Record | None:
    # The only place that judges expiry, for every row that is read: DynamoDB deletes expired ones days late
    # (F05). It judges here rather than in a filter expression, so that all rows that were paid for arrive and
    # can be counted.
    if not item:
        return None
    expires_at = item.get(schema.TTL_ATTRIBUTE)
    expired = expires_at is not None and int(expires_at["N"]) * 1000 <= now
    return None if expired else decode(item)
