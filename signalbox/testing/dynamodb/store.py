"""The tables of one engine, and the transactions that were done."""

from collections import OrderedDict
from collections.abc import Mapping, Set
from typing import Any

from .refusals import invalid, missing_table, token_reused
from .tables import MemoryTable

REMEMBERED = 1_000
"""Idempotency tokens that are kept. DynamoDB keeps them for ten minutes; this engine has no clock."""

Request = Mapping[str, Any]
"""An operation's parameters, in DynamoDB's JSON."""


def check_parameters(request: Request, required: Set[str], optional: Set[str]) -> None:
    """Refuse with ValidationException a request with other parameters than these."""
    if missing := required - request.keys():
        raise invalid(f"the request has no {min(missing)}")
    if unknown := request.keys() - required - optional:
        raise invalid(f"this engine does not support the parameter {min(unknown)}")


class Store:
    """The tables of an engine."""

    def __init__(self) -> None:
        self.tables: dict[str, MemoryTable] = {}
        self._done: OrderedDict[str, object] = OrderedDict()

    def table(self, name: str) -> MemoryTable:
        """Return a table. Refuses with ResourceNotFoundException."""
        try:
            return self.tables[name]
        except KeyError:
            raise missing_table(name) from None

    def was_done(self, token: str | None, transaction: object) -> bool:
        """Tell whether a transaction was done before. Refuses a token that came with another one."""
        if token is None or token not in self._done:
            return False
        if self._done[token] != transaction:
            raise token_reused()
        return True

    def remember(self, token: str | None, transaction: object) -> None:
        """Remember that a transaction was done."""
        if token is not None:
            self._done[token] = transaction
            if len(self._done) > REMEMBERED:
                self._done.popitem(last=False)
