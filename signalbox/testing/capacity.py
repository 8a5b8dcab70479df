"""The capacity units a table's requests consume, by the rules AWS publishes: no emulator counts them right.

Rules: "Item sizes and formats" and "Read and write operations" in the Amazon DynamoDB Developer Guide.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from math import ceil
from typing import Any, Final

from connection_store.engine import RequestRefusedError
from connection_store.schema import PARTITION_KEY, SORT_KEY

from .dynamodb.values import Item, item_size

READ_UNIT: Final = 4_096
WRITE_UNIT: Final = 1_024
"""Bytes, each begun one counted in full."""

EVENTUAL: Final = 0.5
STRONG: Final = 1.0
TRANSACTIONAL: Final = 2.0
"""Units by the kind of read; a write counts once, in a transaction twice."""

CHARGED_FAILURES: Final = {"ConditionalCheckFailedException", "TransactionCanceledException"}


def read_units(size: int, kind: float) -> float:
    """Return the units of one read of `size` bytes, which for a query is the sum of all it looked at."""
    return kind * max(1, ceil(size / READ_UNIT))


def write_units(size: int, *, transactional: bool = False) -> float:
    """Return the units of one write, by the larger of its item before and after."""
    return (TRANSACTIONAL if transactional else STRONG) * max(1, ceil(size / WRITE_UNIT))


class CapacityMeter:
    """A listener for `Table` that counts requests by operation, and units by partition key.

    Reads are exact. A write is counted on what its request and its answer show of the item: a lower bound
    where a large item is overwritten, deleted in a batch, or updated in a few attributes. A transaction
    repeated with its token is counted again, though AWS charges a read for it.
    """

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.reads: defaultdict[str, float] = defaultdict(float)
        self.writes: defaultdict[str, float] = defaultdict(float)
        self._count: Mapping[str, Callable[[Any, Any], None]] = {
            "BatchGetItem": self._batch_get,
            "GetItem": self._get,
            "Query": self._query,
            "PutItem": self._write,
            "UpdateItem": self._write,
            "DeleteItem": self._write,
            "BatchWriteItem": self._batch,
            "TransactWriteItems": self._transaction,
        }

    def __call__(
        self, operation: str, request: Mapping[str, Any], answer: Mapping[str, Any] | RequestRefusedError
    ) -> None:
        """Count one answer."""
        self.requests[operation] += 1
        if isinstance(answer, RequestRefusedError):
            if answer.code not in CHARGED_FAILURES:
                return
            answer = {"Item": answer.item}
        if count := self._count.get(operation):
            count(request, answer)

    def _get(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        kind = STRONG if request["ConsistentRead"] else EVENTUAL
        self.reads[_partition(request["Key"])] += read_units(item_size(answer.get("Item", {})), kind)

    def _batch_get(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        for table, wanted in request["RequestItems"].items():
            left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", ())
            found = {_key(item): item for item in answer["Responses"][table]}
            kind = STRONG if wanted["ConsistentRead"] else EVENTUAL
            for key in wanted["Keys"]:
                if key not in left:
                    # Each by itself: a batch is rounded up as often as it has items.
                    self.reads[_partition(key)] += read_units(item_size(found.get(_key(key), {})), kind)

    def _query(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        kind = STRONG if request["ConsistentRead"] else EVENTUAL
        size = sum(map(item_size, answer["Items"]))
        self.reads[request["ExpressionAttributeValues"][":partition"]["S"]] += read_units(size, kind)

    def _write(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        before = answer.get("Attributes") or answer.get("Item") or {}
        self._count_write(request, item_size(before))

    def _batch(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        left = [entry for entries in answer.get("UnprocessedItems", {}).values() for entry in entries]
        for entries in request["RequestItems"].values():
            for entry in entries:
                if entry not in left:
                    self._count_write(entry["DeleteRequest"])

    def _transaction(self, request: Mapping[str, Any], _answer: Mapping[str, Any]) -> None:
        for entry in request["TransactItems"]:
            for parameters in entry.values():
                self._count_write(parameters, transactional=True)

    def _count_write(
        self, parameters: Mapping[str, Any], before: int = 0, *, transactional: bool = False
    ) -> None:
        after = parameters.get("Item") or {
            **parameters["Key"],
            **parameters.get("ExpressionAttributeValues", {}),
        }
        self.writes[_partition(after)] += write_units(
            max(before, item_size(after)), transactional=transactional
        )


def _partition(item: Item) -> str:
    partition: str = item[PARTITION_KEY]["S"]
    return partition


def _key(item: Item) -> tuple[str, str]:
    return item[PARTITION_KEY]["S"], item[SORT_KEY]["S"]
