"""Sends frames (bytes) to connections. No other package talks to `@connections`."""

from .budget import SendBudget
from .errors import FrameTooLargeError, InvalidSliceError, PublisherError, QueueError
from .fanout import fan_out
from .gateway import MAX_FRAME_BYTES, ApiGateway, ConnectionInfo, Gateway
from .outcomes import Failed, FanOutError, Gone, Outcome, Recipient, Report, Sent, Slow, TooLarge
from .queue import Queue, Slice, SliceQueue

__all__ = [
    "MAX_FRAME_BYTES",
    "ApiGateway",
    "ConnectionInfo",
    "Failed",
    "FanOutError",
    "FrameTooLargeError",
    "Gateway",
    "Gone",
    "InvalidSliceError",
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
    "fan_out",
]
