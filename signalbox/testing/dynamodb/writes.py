"""Writes: PutItem, UpdateItem, DeleteItem, BatchWriteItem and TransactWriteItems.

Each write is prepared first, which checks everything and changes nothing, and then done.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from connection_store.engine import RequestRefusedError

from .conditions import Condition, compile_condition
from .expressions import References, Scope, scope_of
from .refusals import Reason, UpdateRefusedError, cancelled, condition_failed, invalid
from .store import Request, Store, check_parameters
from .tables import MemoryTable, Place
from .updates import compile_update
from .values import MAX_ITEM_BYTES, Item, copy_item, give, item_size

BATCH_LIMIT, TRANSACTION_LIMIT = 25, 100
"""Writes in one BatchWriteItem, and items in one TransactWriteItems."""

MAX_TRANSACTION_BYTES = 4 * 1024 * 1024


class Write(NamedTuple):
    """A write that may be done: the item in `place` as it is and as it will be, None where there is none."""

    table: MemoryTable
    place: Place
    before: Item | None
    after: Item | None
    changed: frozenset[str] = frozenset()

    def do(self) -> None:
        """Change the table."""
        if self.after is not None:
            self.table.put(self.place, self.after)
        else:
            self.table.delete(self.place)

    def values(self, wanted: str) -> dict[str, Any]:
        """Return the answer for a request's ReturnValues."""
        shown = self.before if wanted.endswith("_OLD") else self.after
        if wanted == "NONE" or not shown:
            return {}
        if wanted.startswith("UPDATED"):
            shown = {name: value for name, value in shown.items() if name in self.changed}
        return {"Attributes": give(shown)}


Prepare = Callable[[Store, Request], Write]

CONDITION = frozenset(
    {
        "ConditionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ReturnValuesOnConditionCheckFailure",
    }
)
"""The parameters of a condition, which every single write may have."""


class Kind(NamedTuple):
    """A write inside of a batch or a transaction, and the parameters it must and may have."""

    prepare: Prepare
    required: frozenset[str]
    optional: frozenset[str] = frozenset()


def put_item(store: Store, request: Request) -> dict[str, Any]:
    """Execute PutItem."""
    return _alone(_put(store, request), request, "ALL_OLD")


def update_item(store: Store, request: Request) -> dict[str, Any]:
    """Execute UpdateItem."""
    return _alone(_update(store, request), request, "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")


def delete_item(store: Store, request: Request) -> dict[str, Any]:
    """Execute DeleteItem."""
    return _alone(_delete(store, request), request, "ALL_OLD")


def batch_write(store: Store, request: Request) -> dict[str, Any]:
    """Execute BatchWriteItem."""
    entries = [
        _prepare(store, entry, _BATCHED, TableName=table)
        for table, writes in request["RequestItems"].items()
        for entry in writes
    ]
    _check_number(entries, BATCH_LIMIT)
    for write in entries:
        write.do()
    return {"UnprocessedItems": {}}


def transact_write(store: Store, request: Request) -> dict[str, Any]:
    """Execute TransactWriteItems."""
    items, token = request["TransactItems"], request.get("ClientRequestToken")
    if store.was_done(token, items):
        return {}
    outcomes = [_try(store, entry) for entry in items]
    writes = [each for each in outcomes if isinstance(each, Write)]
    if len(writes) < len(outcomes):
        raise cancelled([{"Code": "None"} if isinstance(each, Write) else each for each in outcomes])
    _check_number(writes, TRANSACTION_LIMIT)
    if sum(item_size(write.after or {}) for write in writes) > MAX_TRANSACTION_BYTES:
        raise invalid("the transaction's items have more than 4 MB together")
    for write in writes:
        write.do()
    store.remember(token, items)
    return {}


def _alone(write: Write, request: Request, *kinds: str) -> dict[str, Any]:
    wanted = request.get("ReturnValues", "NONE")
    if wanted not in ("NONE", *kinds):
        raise invalid(f"ReturnValues is NONE or one of {', '.join(kinds)} here")
    write.do()
    return write.values(wanted)


def _put(store: Store, request: Request) -> Write:
    table = store.table(request["TableName"])
    item = copy_item(request["Item"])
    place = table.place_of(item)
    before = table.get(place)
    _check(request, before, _condition(request), _scope(request, _condition(request)))
    return Write(table, place, before, item)


def _delete(store: Store, request: Request) -> Write:
    table = store.table(request["TableName"])
    place = table.place_of_key(request["Key"])
    before = table.get(place)
    condition = _condition(request)
    _check(request, before, condition, _scope(request, condition))
    return Write(table, place, before, None)


def _update(store: Store, request: Request) -> Write:
    table = store.table(request["TableName"])
    key = copy_item(request["Key"])
    place = table.place_of_key(key)
    before = table.get(place)
    update, condition = compile_update(request["UpdateExpression"]), _condition(request)
    scope = _scope(request, condition, update.references)
    _check(request, before, condition, scope)
    after, changed = update.apply(before or key, scope)
    if not changed.isdisjoint(key):
        raise invalid("an update cannot change the key")
    if item_size(after) > MAX_ITEM_BYTES:
        raise UpdateRefusedError("Item size to update has exceeded the maximum allowed size")
    return Write(table, place, before, after, frozenset(changed))


def _check_only(store: Store, request: Request) -> Write:
    write = _delete(store, request)
    return write._replace(after=write.before)


_OF_KEY, _OF_ITEM = frozenset({"TableName", "Key"}), frozenset({"TableName", "Item"})
_TRANSACTED = {
    "Put": Kind(_put, _OF_ITEM, CONDITION),
    "Update": Kind(_update, _OF_KEY | {"UpdateExpression"}, CONDITION),
    "Delete": Kind(_delete, _OF_KEY, CONDITION),
    "ConditionCheck": Kind(_check_only, _OF_KEY | {"ConditionExpression"}, CONDITION),
}
_BATCHED = {"PutRequest": Kind(_put, _OF_ITEM), "DeleteRequest": Kind(_delete, _OF_KEY)}


def _prepare(store: Store, entry: Mapping[str, Request], kinds: Mapping[str, Kind], **rest: str) -> Write:
    if len(entry) != 1 or not entry.keys() <= kinds.keys():
        raise invalid(f"a write is one of {', '.join(kinds)} here")
    [(name, content)] = entry.items()
    kind, request = kinds[name], {**rest, **content}
    check_parameters(request, kind.required, kind.optional)
    return kind.prepare(store, request)


def _try(store: Store, entry: Mapping[str, Request]) -> Write | Reason:
    try:
        return _prepare(store, entry, _TRANSACTED)
    except UpdateRefusedError as error:
        return {"Code": "ValidationError", "Message": error.message}
    except RequestRefusedError as error:
        if error.code != "ConditionalCheckFailedException":
            raise
        shown = {} if error.item is None else {"Item": error.item}
        return {"Code": "ConditionalCheckFailed", "Message": error.message, **shown}


def _condition(request: Request) -> Condition | None:
    expression = request.get("ConditionExpression")
    return None if expression is None else compile_condition(expression)


def _scope(request: Request, condition: Condition | None, *others: References) -> Scope:
    return scope_of(request, *others, *([condition.references] if condition else []))


def _check(request: Request, before: Item | None, condition: Condition | None, scope: Scope) -> None:
    if condition is not None and not condition.holds(before or {}, scope):
        wanted = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        raise condition_failed(give(before) if before and wanted else None)


def _check_number(writes: list[Write], limit: int) -> None:
    if not 1 <= len(writes) <= limit:
        raise invalid(f"a request has 1 to {limit} writes here")
    if len({(id(write.table), write.place) for write in writes}) < len(writes):
        raise invalid("a request cannot write to one item twice")
