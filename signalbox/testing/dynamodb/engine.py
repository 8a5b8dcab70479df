"""MemoryEngine: what DynamoDB does, as far as tests need it, in this process and without a clock."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from connection_store.engine import RequestRefusedError

from . import definitions, reads, writes
from .store import Request, Store, check_parameters

_CONDITION = writes.CONDITION | {"ReturnValues"}
_PAGE = frozenset({"ConsistentRead", "ExclusiveStartKey", "Limit"})


class Operation(NamedTuple):
    """An operation: the parameters it must have, those it may have, and what executes it."""

    execute: Callable[[Store, Request], dict[str, Any]]
    required: frozenset[str]
    optional: frozenset[str] = frozenset()


def _needs(*names: str) -> frozenset[str]:
    return frozenset(names)


OPERATIONS: Mapping[str, Operation] = {
    "BatchGetItem": Operation(reads.batch_get, _needs("RequestItems")),
    "BatchWriteItem": Operation(writes.batch_write, _needs("RequestItems")),
    "CreateTable": Operation(
        definitions.create_table,
        _needs("TableName", "AttributeDefinitions", "KeySchema"),
        _needs("BillingMode", "ProvisionedThroughput"),
    ),
    "DeleteItem": Operation(writes.delete_item, _needs("TableName", "Key"), _CONDITION),
    "DeleteTable": Operation(definitions.delete_table, _needs("TableName")),
    "DescribeTable": Operation(definitions.describe_table, _needs("TableName")),
    "DescribeTimeToLive": Operation(definitions.describe_time_to_live, _needs("TableName")),
    "GetItem": Operation(reads.get_item, _needs("TableName", "Key"), _needs("ConsistentRead")),
    "PutItem": Operation(writes.put_item, _needs("TableName", "Item"), _CONDITION),
    "Query": Operation(
        reads.query,
        _needs("TableName", "KeyConditionExpression"),
        _PAGE | {"ExpressionAttributeNames", "ExpressionAttributeValues", "ScanIndexForward"},
    ),
    "Scan": Operation(reads.scan, _needs("TableName"), _PAGE),
    "TransactWriteItems": Operation(
        writes.transact_write, _needs("TransactItems"), _needs("ClientRequestToken")
    ),
    "UpdateItem": Operation(writes.update_item, _needs("TableName", "Key", "UpdateExpression"), _CONDITION),
    "UpdateTimeToLive": Operation(
        definitions.update_time_to_live, _needs("TableName", "TimeToLiveSpecification")
    ),
}


class MemoryEngine:
    """An engine for `connection_store.Table` whose tables live in this object.

        engine = MemoryEngine()
        connections = ConnectionManager(table=Table("connections", engine=engine))
        await connections.init_table()

    A request is carried out at once and as a whole: every read is consistent, and no transaction meets a
    conflict. Nothing expires by itself, much as in DynamoDB, which deletes expired items days late. Errors
    have DynamoDB's codes; anything that is not supported here is a ValidationException that says so. The
    engine may be used from several threads and event loops.
    """

    def __init__(self) -> None:
        self._store = Store()
        self._lock = threading.Lock()

    async def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Execute a request once other tasks had a turn. Raises RequestRefusedError."""
        # With a real engine, others run between a request and its answer, and tests should see that.
        await asyncio.sleep(0)
        return self.execute(operation, request)

    def execute(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Execute a request without an event loop. Raises RequestRefusedError.

        rows = engine.execute("Scan", {"TableName": "connections"})["Items"]
        """
        known = OPERATIONS.get(operation)
        if known is None:
            raise RequestRefusedError("UnknownOperationException", f"this engine has no {operation}")
        check_parameters(request, known.required, known.optional)
        with self._lock:
            return known.execute(self._store, request)

    async def close(self) -> None:
        """Do nothing: the engine holds neither sockets nor threads, and keeps its tables."""
