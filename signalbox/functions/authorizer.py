"""The Lambda function that API Gateway asks before `$connect`."""

from collections.abc import Callable
from typing import Any

from signalbox.identity.settings import IdentitySettings


class MissingPackageError(ImportError):
    """A package of the extra `authorizer` is not installed."""

    one_line = True


def make_handler() -> Callable[[Any, Any], dict[str, Any]]:
    """Return the handler. It answers with a policy, and fails the invocation of a caller it refuses.

    Raises SettingsError, and MissingPackageError without the extra `authorizer`.
    """
    settings = IdentitySettings.from_environment()
    try:
        from signalbox.identity.authority import build_authority
        from signalbox.identity.decision import decide
    except ModuleNotFoundError as error:
        install = "pip install 'signalbox[authorizer]'"
        raise MissingPackageError(f"the authorizer needs the package {error.name}: {install}") from error
    authority = build_authority(settings)

    def handler(event: Any, _context: Any) -> dict[str, Any]:
        return decide(authority, event)

    return handler
