"""Key conditions of a query: `pk = :partition AND sk BETWEEN :first AND :last`."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from .expressions import References, Tokens
from .refusals import invalid

EQUAL, BETWEEN, BEGINS_WITH = "=", "BETWEEN", "begins_with"
_SIGNS = (EQUAL, "<", "<=", ">", ">=")


class Comparison(NamedTuple):
    """One key's part of the condition: a "name" or "#name", an operator, and its ":values"."""

    name: str
    operator: str
    values: tuple[str, ...]


class KeyCondition(NamedTuple):
    """A compiled key condition."""

    comparisons: tuple[Comparison, ...]
    references: References


@lru_cache(maxsize=1024)
def compile_key_condition(expression: str) -> KeyCondition:
    """Compile a key condition. Refuses what cannot be read with ValidationException."""
    tokens = Tokens(expression)
    comparisons = [_comparison(tokens)]
    if tokens.take_if("AND"):
        comparisons.append(_comparison(tokens))
    tokens.expect_end()
    return KeyCondition(tuple(comparisons), tokens.references)


def span(keys: Sequence[Any], operator: str, operands: Sequence[Any]) -> range:
    """Return the positions of the sorted `keys` that a comparison is true for."""
    first = operands[0]
    start, end = 0, len(keys)
    if operator in (EQUAL, BETWEEN, ">=", BEGINS_WITH):
        start = bisect_left(keys, first)
    elif operator == ">":
        start = bisect_right(keys, first)
    if operator in (EQUAL, BETWEEN, "<="):
        end = bisect_right(keys, operands[-1])
    elif operator == "<":
        end = bisect_left(keys, first)
    elif operator == BEGINS_WITH:
        end = bisect_right(keys, first, start, key=lambda key: key[: len(first)])
    return range(start, end)


def _comparison(tokens: Tokens) -> Comparison:
    if tokens.take_function(BEGINS_WITH):
        name = tokens.take_name()
        tokens.expect(",")
        comparison = Comparison(name, BEGINS_WITH, (tokens.take_value(),))
        tokens.expect(")")
        return comparison
    name = tokens.take_name()
    if tokens.take_if(BETWEEN):
        first = tokens.take_value()
        tokens.expect("AND")
        return Comparison(name, BETWEEN, (first, tokens.take_value()))
    sign = tokens.take_if(*_SIGNS)
    if sign is None:
        raise invalid(f"a key is compared with BETWEEN, begins_with, or one of {' '.join(_SIGNS)}")
    return Comparison(name, sign, (tokens.take_value(),))
