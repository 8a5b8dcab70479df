"""The Python client of a Signalbox backend: ``Client``, and `signalbox client` for terminals and scripts."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .channels.subscription import Subscription as Subscription
    from .client import Client as Client
    from .errors import ClientError as ClientError
    from .errors import RequestError as RequestError
    from .errors import UnansweredError as UnansweredError
    from .settings import Settings as Settings
    from .values import Gap as Gap
    from .values import Position as Position
    from .values import Publication as Publication
    from .values import Push as Push
    from .values import State as State

_HOMES = {
    "Client": "client",
    "ClientError": "errors",
    "Gap": "values",
    "Position": "values",
    "Publication": "values",
    "Push": "values",
    "RequestError": "errors",
    "Settings": "settings",
    "State": "values",
    "Subscription": "channels.subscription",
    "UnansweredError": "errors",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    # Names are loaded on first use: tokens, and the hint below, need no websockets.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    except ModuleNotFoundError as error:
        from .errors import explain_missing_package

        raise ImportError(explain_missing_package(error), name=error.name) from error
