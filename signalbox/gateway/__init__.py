"""Amazon API Gateway's WebSocket APIs on this machine: real sockets, `@connections`, limits, sandboxes."""

from .config import Config, Credentials, Limits, Throttle
from .errors import ConfigError, GatewayError, PortTakenError, TemplateError
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
    "PortTakenError",
    "Stage",
    "TemplateError",
    "Throttle",
]
