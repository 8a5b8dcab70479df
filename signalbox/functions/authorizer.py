"""The Lambda in front of `$connect`."""

from typing import Any

from signalbox.identity.decision import decide
from signalbox.identity.settings import IdentitySettings
from signalbox.identity.wiring import build_authority

_authority = build_authority(IdentitySettings.from_environment())


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer who may connect; the invocation fails for who may not."""
    return decide(_authority, event)
