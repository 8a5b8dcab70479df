"""Evaluates the policy of an authorizer (W87).

Source: "Policy evaluation logic", AWS Identity and Access Management User Guide.
"""

import re
from typing import Any

from ..errors import InvalidAnswerError

_ACTION = "execute-api:Invoke"


def allows(policy: object, method_arn: str) -> bool:
    """Whether the policy allows execute-api:Invoke on `method_arn` and does not deny it.

    Conditions are not evaluated. An Allow with a condition does not count, a Deny with one does.
    Raises InvalidAnswerError when `policy` is not a policy.
    """
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    effects = {_effect(statement, method_arn) for statement in _listed(statements)}
    return "Allow" in effects and "Deny" not in effects


def _effect(statement: object, method_arn: str) -> str | None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise InvalidAnswerError("invalid policy: a statement has no effect")
    effect: str = statement["Effect"]
    about_this = _names(statement, "Action", _ACTION, re.IGNORECASE) and _names(
        statement, "Resource", method_arn
    )
    unconditional = effect == "Deny" or not statement.get("Condition")
    return effect if about_this and unconditional else None


def _names(statement: dict[str, Any], key: str, value: str, flags: re.RegexFlag = re.NOFLAG) -> bool:
    """Whether `key` matches the value, or `NotKey` does not match it."""
    if key in statement:
        return _matches(statement[key], value, flags)
    return not _matches(statement.get(f"Not{key}"), value, flags)


def _matches(patterns: object, value: str, flags: re.RegexFlag) -> bool:
    listed = [patterns] if isinstance(patterns, str) else _listed(patterns)
    if not all(isinstance(pattern, str) for pattern in listed):
        raise InvalidAnswerError("invalid policy: an action or resource is not a string")
    return any(re.fullmatch(_expression(str(pattern)), value, flags) for pattern in listed)


def _listed(value: object) -> list[object]:
    listed = value if isinstance(value, list) else [value]
    if not listed or None in listed:
        raise InvalidAnswerError("invalid policy: a statement, an action or a resource is missing")
    return listed


def _expression(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
