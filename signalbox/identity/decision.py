"""The authorizer's answer to API Gateway, and its log line with the reason."""

import json
from typing import Any

from connection_store import StoreError
from signalbox.observability import logger, report_unexpected
from signalbox.resolver import ConnectEvent, MalformedEventError, parse_event

from .authority import Authority
from .credentials import list_values
from .errors import DeniedError, KeysUnavailableError, Reason, RefusalError
from .principal import Principal

MAX_ANSWER_BYTES = 8_192
"""Bytes that API Gateway accepts from an authorizer (W87)."""

MAX_LOGGED_ORIGIN = 256
"""Characters of an origin that are logged."""


def decide(authority: Authority, raw: dict[str, Any]) -> dict[str, Any]:
    """Return the policy for a `$connect`, with the user it is for. Raises RefusalError.

    No other exception leaves this function, because Lambda would log its text.
    """
    try:
        event = _read(raw)
        outcome, answer = _judge(authority, event, raw["methodArn"])
    except Exception as error:  # noqa: BLE001 - the error boundary
        report_unexpected(error, debug=False)
        raise RefusalError("Internal") from None
    _log(event, outcome, answer)
    if answer is None:
        raise RefusalError("Unauthorized" if isinstance(outcome, Reason) else "Unavailable")
    return answer


def _read(raw: dict[str, Any]) -> ConnectEvent:
    event = parse_event(raw)
    if not isinstance(event, ConnectEvent):
        raise MalformedEventError(f"the authorizer got {event.route_key}. Attach it to $connect only.")
    return event


def _judge(authority: Authority, event: ConnectEvent, method_arn: str) -> tuple[str, dict[str, Any] | None]:
    try:
        return "ok", _allow(authority.admit(event), method_arn)
    except DeniedError as denied:
        return denied.reason, _policy("Deny", "nobody", method_arn) if denied.status == 403 else None
    except (KeysUnavailableError, StoreError) as error:
        return type(error).__name__, None


def _allow(principal: Principal, method_arn: str) -> dict[str, Any]:
    answer = _policy("Allow", principal.user_id, method_arn) | {"context": principal.to_context()}
    if len(json.dumps(answer)) > MAX_ANSWER_BYTES:
        raise DeniedError(Reason.TOO_LARGE)
    return answer


def _policy(effect: str, principal_id: str, method_arn: str) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": method_arn}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": principal_id, "policyDocument": policy}


def _log(event: ConnectEvent, outcome: str, answer: dict[str, Any] | None) -> None:
    # Fixed fields (S14). Query string and headers are left out, because they hold tokens (S04).
    logger.set_correlation_id(event.request_id)
    write = logger.info if outcome == "ok" else logger.warning
    fields = {
        "connection_id": event.connection_id,
        "source_ip": event.source_ip,
        "origin": [origin[:MAX_LOGGED_ORIGIN] for origin in list_values(event, "Origin")],
        "user_id": answer["principalId"] if answer and outcome == "ok" else None,
        "outcome": str(outcome),
    }
    write("handshake", extra=fields)
