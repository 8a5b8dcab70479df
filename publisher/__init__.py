"""Frames (bytes) to connections: the one package that talks to `@connections`."""

from .budget import SendBudget
from .credentials import Credentials, Keys
from .errors import (
    CredentialsError,
    FanOutError,
    FrameTooLargeError,
    InvalidSliceError,
    PublisherError,
    QueueError,
    TransportError,
)
from .fanout import fan_out
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
from .loop import new_event_loop
from .memory import MemoryGateway
from .queue import Queue, Slice, SliceQueue
from .tally import Recipient, Report
from .transport import Transport

__all__ = [
    "MAX_FRAME_BYTES",
    "ApiGateway",
    "ConnectionInfo",
    "Credentials",
    "CredentialsError",
    "Failed",
    "FanOutError",
    "FrameTooLargeError",
    "Gateway",
    "Gone",
    "InvalidSliceError",
    "Keys",
    "MemoryGateway",
    "Outcome",
    "PublisherError",
    "Queue",
    "QueueError",
    "Recipient",
    "Report",
    "SendBudget",
    "Sent",
    "Slice",
    "SliceQueue",
    "Slow",
    "TooLarge",
    "Transport",
    "TransportError",
    "fan_out",
    "new_event_loop",
]
