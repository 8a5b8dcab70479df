"""The Lambda function that API Gateway asks before `$connect`."""

from typing import Any

from signalbox.identity.authority import build_authority
from signalbox.identity.decision import decide
from signalbox.identity.settings import IdentitySettings

from .websocket import Handler


def make_handler() -> Handler:
    """Return the handler. It answers with a policy, and fails the invocation of a caller it refuses.

    Raises SettingsError.
    """
    authority = build_authority(IdentitySettings.from_environment())

    def handler(event: Any, _context: Any) -> dict[str, Any]:
        return decide(authority, event)

    return handler
