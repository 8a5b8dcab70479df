"""Update expressions: `SET channels = channels + :one, expires_at = :until REMOVE roles`."""

import operator
from collections.abc import Callable
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import NamedTuple

from .expressions import Operand, References, Scope, Tokens, attribute
from .refusals import invalid
from .values import EXACT, Item, Value, canonical

Change = tuple[str, Operand | None]
"""An attribute's name and its new value; None removes the attribute."""

ZERO: Value = {"N": "0"}
_SIGNS = {"+": operator.add, "-": operator.sub}


class Update(NamedTuple):
    """A compiled update."""

    changes: tuple[Change, ...]
    references: References

    def apply(self, item: Item, scope: Scope) -> tuple[dict[str, Value], set[str]]:
        """Return `item` after the update, and the names of the attributes it changes.

        Every value is computed from the item as it was.
        """
        after, changed = dict(item), set[str]()
        for reference, operand in self.changes:
            name = scope.name(reference)
            if name in changed:
                raise invalid(f"the update changes {name!r} twice")
            changed.add(name)
            if operand is None:
                after.pop(name, None)
            else:
                after[name] = _required(operand, item, scope)
        return after, changed


@lru_cache(maxsize=1024)
def compile_update(expression: str) -> Update:
    """Compile an update expression. Refuses what cannot be read with ValidationException."""
    tokens = Tokens(expression)
    changes: list[Change] = []
    left = dict(_CLAUSES)
    while not tokens.over:
        clause = tokens.take_if(*left)
        if clause is None:
            raise invalid("an update has the clauses SET, ADD and REMOVE here, each at most once")
        changes += _clause(tokens, left.pop(clause))
    return Update(tuple(changes), tokens.references)


def _clause(tokens: Tokens, parse: Callable[[Tokens], Change]) -> list[Change]:
    changes = [parse(tokens)]
    while tokens.take_if(","):
        changes.append(parse(tokens))
    return changes


def _set(tokens: Tokens) -> Change:
    name = tokens.take_name()
    tokens.expect("=")
    first = _operand(tokens)
    sign = tokens.take_if("+", "-")
    return name, first if sign is None else _sum(first, _operand(tokens), _SIGNS[sign])


def _add(tokens: Tokens) -> Change:
    name = tokens.take_name()
    amount = tokens.take_operand()
    before = attribute(name)
    return name, _sum(lambda item, scope: before(item, scope) or ZERO, amount, operator.add)


def _remove(tokens: Tokens) -> Change:
    return tokens.take_name(), None


_CLAUSES: dict[str, Callable[[Tokens], Change]] = {"SET": _set, "ADD": _add, "REMOVE": _remove}


def _operand(tokens: Tokens) -> Operand:
    if not tokens.take_function("if_not_exists"):
        return tokens.take_operand()
    present = attribute(tokens.take_name())
    tokens.expect(",")
    fallback = _operand(tokens)
    tokens.expect(")")
    return lambda item, scope: present(item, scope) or fallback(item, scope)


def _sum(first: Operand, second: Operand, combine: Callable[[Decimal, Decimal], Decimal]) -> Operand:
    def total(item: Item, scope: Scope) -> Value:
        with localcontext(EXACT):
            number = combine(_number(first, item, scope), _number(second, item, scope))
        return {"N": canonical(str(number))}

    return total


def _number(operand: Operand, item: Item, scope: Scope) -> Decimal:
    value = _required(operand, item, scope)
    if "N" not in value:
        raise invalid("the update adds to, or subtracts from, something that is no number")
    return Decimal(value["N"])


def _required(operand: Operand, item: Item, scope: Scope) -> Value:
    value = operand(item, scope)
    if value is None:
        raise invalid("the update refers to an attribute that the item does not have")
    return value
