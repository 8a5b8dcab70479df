"""The common part of all expressions: tokens, and the names and values they refer to.

An expression is compiled once and kept, because a program has few of them and uses them often.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .refusals import invalid
from .values import Item, Value, copy_value

_TOKEN = re.compile(r"\s*(?:([#:]?[A-Za-z0-9_]+)|(<>|<=|>=|[=<>(),+-])|(\S))")
_NAME = re.compile(r"#[A-Za-z0-9_]+|[A-Za-z][A-Za-z0-9_]*")


class Scope(NamedTuple):
    """A request's ExpressionAttributeNames and ExpressionAttributeValues."""

    names: Mapping[str, str]
    values: Mapping[str, Value]

    def name(self, reference: str) -> str:
        """Return the attribute a name in an expression stands for."""
        return self.names[reference] if reference[0] == "#" else reference


class References(NamedTuple):
    """The "#names" and ":values" an expression refers to."""

    names: frozenset[str]
    values: frozenset[str]


Operand = Callable[[Item, Scope], Value | None]
"""From an item to a value, None where the item lacks the attribute."""


class Tokens:
    """The tokens of one expression, taken one after the other."""

    def __init__(self, expression: str) -> None:
        self._tokens = _tokens_of(expression)
        self._next = 0

    @property
    def references(self) -> References:
        """The values and names that the expression refers to."""
        names = frozenset(token for token in self._tokens if token[0] == "#")
        return References(names, frozenset(token for token in self._tokens if token[0] == ":"))

    @property
    def over(self) -> bool:
        """Whether all have been taken."""
        return self._next == len(self._tokens)

    def take(self) -> str:
        """Take the next token."""
        if self.over:
            raise invalid("the expression ends too early")
        self._next += 1
        return self._tokens[self._next - 1]

    def take_if(self, *wanted: str) -> str | None:
        """Take the next token if it is one of `wanted`, which are upper case; return it so, or None."""
        found = "" if self.over else self._tokens[self._next].upper()
        if found not in wanted:
            return None
        self._next += 1
        return found

    def expect(self, wanted: str) -> None:
        """Take the next token, which must be `wanted`."""
        if self.take_if(wanted) is None:
            raise invalid(f"the expression has no {wanted!r} where one belongs")

    def expect_end(self) -> None:
        """Refuse anything that is left."""
        if not self.over:
            raise invalid(f"the expression goes on unexpectedly with {self._tokens[self._next]!r}")

    def take_function(self, *names: str) -> str | None:
        """Take the name and the bracket if a call of one of `names` is next; return the name, or None."""
        following = self._tokens[self._next : self._next + 2]
        if len(following) < 2 or following[1] != "(" or following[0] not in names:
            return None
        self._next += 2
        return following[0]

    def take_name(self) -> str:
        """Take an attribute's name or a "#name"."""
        token = self.take()
        if not _NAME.fullmatch(token):
            raise invalid(f"{token!r} is no name of an attribute")
        if self.take_if("("):
            raise invalid(f"this engine does not support the function {token!r} there")
        return token

    def take_value(self) -> str:
        """Take a ":value"."""
        token = self.take()
        if token[0] != ":":
            raise invalid(f"{token!r} is no value, such as ':v'")
        return token

    def take_operand(self) -> Operand:
        """Take a ":value" or an attribute's name."""
        if not self.over and self._tokens[self._next][0] == ":":
            return _constant(self.take_value())
        return attribute(self.take_name())


def attribute(reference: str) -> Operand:
    """Return the operand that reads an attribute."""
    return lambda item, scope: item.get(scope.name(reference))


def scope_of(request: Mapping[str, Any], *references: References) -> Scope:
    """Return a request's scope; what its expressions refer to and what it defines must be the same."""
    given = request.get("ExpressionAttributeValues") or {}
    values = {name: copy_value(value) for name, value in given.items()}
    scope = Scope(request.get("ExpressionAttributeNames") or {}, values)
    for used, defined in (
        ([each.names for each in references], scope.names.keys()),
        ([each.values for each in references], scope.values.keys()),
    ):
        if (all_used := frozenset().union(*used)) != defined:
            raise invalid(_mismatch(all_used, frozenset(defined)))
    return scope


def _constant(reference: str) -> Operand:
    return lambda _, scope: scope.values[reference]


def _tokens_of(expression: object) -> list[str]:
    if not isinstance(expression, str) or not expression.strip():
        raise invalid("an expression is text that is not empty")
    found = _TOKEN.findall(expression.rstrip())
    for _, _, other in found:
        if other in (".", "["):
            raise invalid("this engine supports no paths into documents, only whole attributes")
        if other:
            raise invalid(f"an expression has no {other!r}")
    return [word or sign for word, sign, _ in found]


def _mismatch(used: frozenset[str], defined: frozenset[str]) -> str:
    if undefined := sorted(used - defined):
        return f"the expression refers to {undefined[0]}, which the request does not define"
    return f"the request defines {min(defined - used)}, which no expression refers to"
