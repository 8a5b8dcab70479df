"""Frames (bytes) to connections: the one package that talks to `@connections`."""

from .credentials import Credentials, Keys
from .errors import CredentialsError, FanOutError, PublisherError, TransportError
from .fanout import Recipient, Report, fan_out
from .gateway import (
    MAX_FRAME_BYTES,
    ApiGateway,
    ConnectionInfo,
    Failed,
    Gateway,
    Gone,
    Outcome,
    Sent,
    Slow,
    TooLarge,
)
from .memory import MemoryGateway
from .transport import Transport

__all__ = [
    "MAX_FRAME_BYTES",
    "ApiGateway",
    "ConnectionInfo",
    "Credentials",
    "CredentialsError",
    "Failed",
    "FanOutError",
    "Gateway",
    "Gone",
    "Keys",
    "MemoryGateway",
    "Outcome",
    "PublisherError",
    "Recipient",
    "Report",
    "Sent",
    "Slow",
    "TooLarge",
    "Transport",
    "TransportError",
    "fan_out",
]
