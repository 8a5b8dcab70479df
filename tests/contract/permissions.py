"""An engine behind an IAM policy, which allows some of DynamoDB's actions and refuses the others."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from connection_store.engine import Engine
from tests.contract.faults import refusal

CLASSIC = frozenset({"GetItem", "PutItem", "DeleteItem", "UpdateItem", "Query"})
"""The policy that the documented manager is known to need."""

IN_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
"""IAM judges a transaction by its items. Batches are actions of their own."""


class PermittedEngine:
    """Passes on the calls that `actions` allow. It counts the others in `refused`, by action."""

    def __init__(self, engine: Engine, actions: Collection[str] = CLASSIC) -> None:
        self._engine = engine
        self._actions = actions
        self.refused: Counter[str] = Counter()

    async def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        missing = actions_of(operation, request) - set(self._actions)
        if missing:
            self.refused.update(missing)
            raise refusal("AccessDeniedException")
        return await self._engine.call(operation, request)

    async def close(self) -> None:
        await self._engine.close()


def actions_of(operation: str, request: Mapping[str, Any]) -> set[str]:
    if operation != "TransactWriteItems":
        return {operation}
    return {IN_TRANSACTION[kind] for item in request["TransactItems"] for kind in item}
