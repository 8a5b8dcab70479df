"""Requests to the table: writes, alone or in a transaction, and queries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from . import schema
from .schema import Key
from .wire import Item, Record, encode


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole row, under a condition if there is one."""

    operation: ClassVar[str] = "Put"
    record: Record
    condition: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def parameters(self) -> dict[str, Any]:
        """Return PutItem's parameters, which are the same inside a transaction."""
        return {"Item": encode(self.record), **_conditional(self.condition, self.values)}


@dataclass(frozen=True, slots=True)
class Update:
    """Change attributes of a row.

    The condition is not optional: without one, a row that is gone would come back (F04).
    """

    operation: ClassVar[str] = "Update"
    key: Key
    changes: str
    condition: str
    values: Mapping[str, Any]

    def parameters(self) -> dict[str, Any]:
        """Return UpdateItem's parameters, which are the same inside a transaction."""
        key = encode(self.key._asdict())
        return {"Key": key, "UpdateExpression": self.changes, **_conditional(self.condition, self.values)}


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a row, under a condition if there is one."""

    operation: ClassVar[str] = "Delete"
    key: Key
    condition: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def parameters(self) -> dict[str, Any]:
        """Return DeleteItem's parameters, which are the same inside a transaction."""
        return {"Key": encode(self.key._asdict()), **_conditional(self.condition, self.values)}


Write = Put | Update | Delete


@dataclass(frozen=True, slots=True)
class Query:
    """A partition's rows in the order of their sort keys: those after `after` that are alive at `now`.

    `between` is a first and a last sort key instead of `after`. `now` is epoch milliseconds; `start` is where
    DynamoDB ended the page before.
    """

    partition: str
    now: int
    after: str = ""
    between: tuple[str, str] | None = None
    consistent: bool = False
    page_size: int | None = None
    start: Item | None = None

    def parameters(self) -> dict[str, Any]:
        """Return Query's parameters."""
        condition, values = f"{schema.PARTITION_KEY} = :partition", {":partition": self.partition}
        if self.after:
            condition += f" AND {schema.SORT_KEY} > :after"
            values[":after"] = self.after
        if self.between:
            condition += f" AND {schema.SORT_KEY} BETWEEN :first AND :last"
            values[":first"], values[":last"] = self.between
        optional = {"Limit": self.page_size, "ExclusiveStartKey": self.start}
        return {
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": encode(values),
            "ConsistentRead": self.consistent,
            **{name: value for name, value in optional.items() if value is not None},
        }


def _conditional(condition: str | None, values: Mapping[str, Any]) -> dict[str, Any]:
    if condition is None:
        return {}
    return {
        "ConditionExpression": condition,
        **({"ExpressionAttributeValues": encode(values)} if values else {}),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
