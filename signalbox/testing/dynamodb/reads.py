"""Reads: GetItem, BatchGetItem, Query and Scan."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from .expressions import Scope, scope_of
from .key_conditions import EQUAL, KeyCondition, compile_key_condition, span
from .refusals import invalid
from .store import Request, Store
from .tables import MemoryTable, Partition
from .values import Item, give, item_size, sortable

BATCH_LIMIT = 100
"""Keys in one BatchGetItem."""

MAX_PAGE_BYTES = 1024 * 1024
MAX_BATCH_BYTES = 16 * 1024 * 1024


def get_item(store: Store, request: Request) -> dict[str, Any]:
    """Execute GetItem."""
    table = store.table(request["TableName"])
    item = table.get(table.place_of_key(request["Key"]))
    return {} if item is None else {"Item": give(item)}


def batch_get(store: Store, request: Request) -> dict[str, Any]:
    """Execute BatchGetItem."""
    wanted = request["RequestItems"]
    number = sum(len(each["Keys"]) for each in wanted.values())
    if not 1 <= number <= BATCH_LIMIT:
        raise invalid(f"a request has 1 to {BATCH_LIMIT} keys here")
    found: dict[str, list[Item]] = {}
    left: dict[str, Any] = {}
    size = 0
    for name, each in wanted.items():
        items = _items(store.table(name), each["Keys"])
        sizes = [item_size(item or {}) for item in items]
        fitting = _fitting(sizes, MAX_BATCH_BYTES - size)
        size += sum(sizes[:fitting])
        found[name] = [give(item) for item in items[:fitting] if item]
        if rest := each["Keys"][fitting:]:
            left[name] = {**each, "Keys": rest}
    return {"Responses": found, "UnprocessedKeys": left}


def query(store: Store, request: Request) -> dict[str, Any]:
    """Execute Query."""
    table = store.table(request["TableName"])
    condition = compile_key_condition(request["KeyConditionExpression"])
    operands = _operands(table, condition, scope_of(request, condition.references))
    partition = table.partition(operands[0][1][0])
    positions = range(len(partition.keys))
    if len(operands) > 1:
        positions = span(partition.keys, *operands[1])
    if start := request.get("ExclusiveStartKey"):
        positions = _rest(partition, positions, table.place_of_key(start).sort_key, _is_forward(request))
    ordered = positions if _is_forward(request) else reversed(positions)
    return _page(table, (partition.items[partition.keys[n]] for n in ordered), request)


def scan(store: Store, request: Request) -> dict[str, Any]:
    """Execute Scan."""
    table = store.table(request["TableName"])
    start = request.get("ExclusiveStartKey")
    return _page(table, table.after(table.place_of_key(start) if start else None), request)


def _items(table: MemoryTable, keys: Sequence[Item]) -> list[Item | None]:
    places = [table.place_of_key(key) for key in keys]
    if len(set(places)) < len(places):
        raise invalid("a request cannot ask for one item twice")
    return [table.get(place) for place in places]


def _fitting(sizes: Sequence[int], limit: int) -> int:
    return bisect_right(list(accumulate(sizes)), limit)


def _operands(table: MemoryTable, condition: KeyCondition, scope: Scope) -> list[tuple[str, list[Any]]]:
    """Return the operator and the operands for the partition key, and for the sort key if there is one."""
    comparisons = {scope.name(each.name): each for each in condition.comparisons}
    names = [attribute.name for attribute in table.key[: len(condition.comparisons)]]
    if comparisons.keys() != set(names) or comparisons[names[0]].operator != EQUAL:
        raise invalid("a query needs '=' for the partition key, and may compare the sort key")
    found: list[tuple[str, list[Any]]] = []
    for attribute, name in zip(table.key, names, strict=False):
        values = [scope.values[each] for each in comparisons[name].values]
        for value in values:
            attribute.check(value)
        found.append((comparisons[name].operator, [sortable(value) for value in values]))
    return found


def _is_forward(request: Request) -> bool:
    forward: bool = request.get("ScanIndexForward", True)
    return forward


def _rest(partition: Partition, positions: range, after: Any, forward: bool) -> range:
    if forward:
        return range(max(positions.start, bisect_right(partition.keys, after)), positions.stop)
    return range(positions.start, min(positions.stop, bisect_left(partition.keys, after)))


def _page(table: MemoryTable, items: Iterable[Item], request: Request) -> dict[str, Any]:
    found: list[Item] = []
    size = 0
    for item in items:
        size += item_size(item)
        if size > MAX_PAGE_BYTES or len(found) == request.get("Limit"):
            return _answer(found, table.key_of(found[-1]))
        found.append(give(item))
    # DynamoDB looks no further than the limit: whether there is more, it does not know yet.
    return _answer(found, table.key_of(found[-1]) if found and len(found) == request.get("Limit") else None)


def _answer(found: list[Item], last: Item | None) -> dict[str, Any]:
    number = {"Count": len(found), "ScannedCount": len(found)}
    return {"Items": found, **number, **({"LastEvaluatedKey": last} if last else {})}
