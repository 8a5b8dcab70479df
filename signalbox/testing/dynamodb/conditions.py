"""Condition expressions: `attribute_exists(pk) AND expires_at > :now`."""

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from .expressions import Operand, References, Scope, Tokens, attribute
from .refusals import invalid
from .values import Item, kind_of, sortable

Test = Callable[[Item, Scope], bool]
"""Tells whether a condition holds for an item, which is empty where there is none."""

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ORDERED = {"S", "N", "B"}


class Condition(NamedTuple):
    """A compiled condition."""

    holds: Test
    references: References


@lru_cache(maxsize=1024)
def compile_condition(expression: str) -> Condition:
    """Compile a condition expression. Refuses what cannot be read with ValidationException."""
    tokens = Tokens(expression)
    holds = _alternatives(tokens)
    tokens.expect_end()
    return Condition(holds, tokens.references)


def _alternatives(tokens: Tokens) -> Test:
    test = _conjunction(tokens)
    while tokens.take_if("OR"):
        test = _either(test, _conjunction(tokens))
    return test


def _conjunction(tokens: Tokens) -> Test:
    test = _negation(tokens)
    while tokens.take_if("AND"):
        test = _both(test, _negation(tokens))
    return test


def _negation(tokens: Tokens) -> Test:
    if tokens.take_if("NOT"):
        test = _negation(tokens)
        return lambda item, scope: not test(item, scope)
    return _primary(tokens)


def _primary(tokens: Tokens) -> Test:
    if tokens.take_if("("):
        test = _alternatives(tokens)
        tokens.expect(")")
        return test
    if function := tokens.take_function(*_FUNCTIONS):
        test = _FUNCTIONS[function](tokens)
        tokens.expect(")")
        return test
    return _comparison(tokens)


def _comparison(tokens: Tokens) -> Test:
    left = tokens.take_operand()
    if tokens.take_if("BETWEEN"):
        low = tokens.take_operand()
        tokens.expect("AND")
        return _both(_ordered(">=", left, low), _ordered("<=", left, tokens.take_operand()))
    if tokens.take_if("IN"):
        return _one_of(left, _list(tokens))
    sign = tokens.take_if("=", "<>", *_ORDERS)
    if sign is None:
        raise invalid("the condition has no comparison where one belongs")
    right = tokens.take_operand()
    if sign in _ORDERS:
        return _ordered(sign, left, right)
    equal = _one_of(left, [right])
    return equal if sign == "=" else lambda item, scope: not equal(item, scope)


def _list(tokens: Tokens) -> list[Operand]:
    tokens.expect("(")
    operands = [tokens.take_operand()]
    while tokens.take_if(","):
        operands.append(tokens.take_operand())
    tokens.expect(")")
    return operands


def _exists(tokens: Tokens) -> Test:
    operand = attribute(tokens.take_name())
    return lambda item, scope: operand(item, scope) is not None


def _not_exists(tokens: Tokens) -> Test:
    operand = attribute(tokens.take_name())
    return lambda item, scope: operand(item, scope) is None


def _begins_with(tokens: Tokens) -> Test:
    return _on_contents(tokens, lambda content, start: content.startswith(start))


def _contains(tokens: Tokens) -> Test:
    return _on_contents(tokens, lambda content, part: part in content)


def _on_contents(tokens: Tokens, test: Callable[[str, str], bool]) -> Test:
    whole = attribute(tokens.take_name())
    tokens.expect(",")
    part = tokens.take_operand()

    def holds(item: Item, scope: Scope) -> bool:
        values = whole(item, scope), part(item, scope)
        return all(value is not None and "S" in value for value in values) and test(
            *(value["S"] for value in values if value)
        )

    return holds


_FUNCTIONS: dict[str, Callable[[Tokens], Test]] = {
    "attribute_exists": _exists,
    "attribute_not_exists": _not_exists,
    "begins_with": _begins_with,
    "contains": _contains,
}


def _either(first: Test, second: Test) -> Test:
    return lambda item, scope: first(item, scope) or second(item, scope)


def _both(first: Test, second: Test) -> Test:
    return lambda item, scope: first(item, scope) and second(item, scope)


def _one_of(left: Operand, others: list[Operand]) -> Test:
    def holds(item: Item, scope: Scope) -> bool:
        value = left(item, scope)
        return value is not None and any(value == other(item, scope) for other in others)

    return holds


def _ordered(sign: str, left: Operand, right: Operand) -> Test:
    compare = _ORDERS[sign]

    def holds(item: Item, scope: Scope) -> bool:
        low, high = left(item, scope), right(item, scope)
        if low is None or high is None or kind_of(low) != kind_of(high) or kind_of(low) not in _ORDERED:
            return False
        return compare(sortable(low), sortable(high))

    return holds
