"""The Lambda authorizer in front of `$connect`: its invocation and its answer (W54, W84-W87)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidAnswerError
from ..events.answers import read_object, verdict_of
from ..events.events import FunctionEvent
from ..log import record
from ..sandboxes.sandbox import Failure
from ..sockets.integration import Integration, Invocation
from .identity_source import IdentitySource
from .policy import allows

_MAX_ANSWER = 8_192


@dataclass(frozen=True, slots=True)
class AuthorizerDecision:
    """The decision of an authorizer. Any `status` but 200 is the answer to the handshake.

    Later events contain the `context` (W45). `verdict` is the text in the request log.
    """

    status: int
    verdict: str
    context: Mapping[str, str | int] = field(default_factory=dict)


class Authorizer:
    """Invokes the authorizer function once for each handshake. Nothing is cached (W86)."""

    def __init__(self, integration: Integration, sources: Iterable[str]) -> None:
        self._integration = integration
        self._sources = [IdentitySource(source) for source in sources]

    async def authorize(self, event: FunctionEvent) -> AuthorizerDecision:
        """Decide on a REQUEST event. Without a value for every identity source it is 401 at once (W85)."""
        request = json.loads(event.payload)
        if not all(source.is_filled(request) for source in self._sources):
            record(event.connection_id, "authorizer", 401, "no identity")
            return AuthorizerDecision(401, "no identity")
        invocation = await self._integration.call(event)
        decision = _decision(invocation, request["methodArn"])
        invocation.record(event.connection_id, "authorizer", decision.status, decision.verdict)
        return decision


def _decision(invocation: Invocation, method_arn: str) -> AuthorizerDecision:
    result = invocation.result
    if result is None:
        return AuthorizerDecision(500, verdict_of(result))
    if isinstance(result, Failure):
        return AuthorizerDecision(401 if result.unauthorized else 500, verdict_of(result))
    try:
        return _read(result.payload, method_arn, round(invocation.seconds * 1000))
    except InvalidAnswerError as error:
        return AuthorizerDecision(500, str(error))


def _read(payload: bytes, method_arn: str, latency: int) -> AuthorizerDecision:
    if len(payload) > _MAX_ANSWER:
        raise InvalidAnswerError(f"invalid answer: more than {_MAX_ANSWER} bytes")
    answer = read_object(payload)
    principal = answer.get("principalId")
    if not isinstance(principal, str):
        raise InvalidAnswerError("invalid answer: principalId is not a string")
    context = _context(answer.get("context"))
    if not allows(answer.get("policyDocument"), method_arn):
        return AuthorizerDecision(403, "denied")
    return AuthorizerDecision(200, "ok", {**context, "principalId": principal, "integrationLatency": latency})


def _context(entries: Any) -> dict[str, str]:
    if entries is None:
        return {}
    if not isinstance(entries, dict):
        raise InvalidAnswerError("invalid answer: context is not an object")
    if not all(isinstance(value, str | int | float) for value in entries.values()):
        raise InvalidAnswerError(
            "invalid answer: context has values that are not strings, numbers or booleans"
        )
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in entries.items()}
