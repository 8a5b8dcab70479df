"""Amazon API Gateway's WebSocket APIs on this machine: real sockets, `@connections`, limits and sandboxes.

Names are imported on first use. So the command can report a package that is not installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import ConfigError, GatewayError, MissingPackageError, PortTakenError, TemplateError

if TYPE_CHECKING:
    from .config import Config, Credentials, Limits, Throttle
    from .gateway import Gateway
    from .local import LocalGateway
    from .stage import Stage

__all__ = [
    "Config",
    "ConfigError",
    "Credentials",
    "Gateway",
    "GatewayError",
    "Limits",
    "LocalGateway",
    "MissingPackageError",
    "PortTakenError",
    "Stage",
    "TemplateError",
    "Throttle",
]

_MODULES = {
    "Config": "config",
    "Credentials": "config",
    "Gateway": "gateway",
    "Limits": "config",
    "LocalGateway": "local",
    "Stage": "stage",
    "Throttle": "config",
}


if not TYPE_CHECKING:  # a type checker would take every name for one of this package

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            return getattr(import_module(f".{_MODULES[name]}", __name__), name)
        except ModuleNotFoundError as error:
            raise MissingPackageError.of(error) from error
