"""Sends frames (bytes) to connections. No other package talks to `@connections`."""

from signalbox.lazy import loader

TYPE_CHECKING = False  # a type checker takes it for True

if TYPE_CHECKING:
    from .budget import SendBudget as SendBudget
    from .errors import FrameTooLargeError as FrameTooLargeError
    from .errors import InvalidSliceError as InvalidSliceError
    from .errors import PublisherError as PublisherError
    from .errors import QueueError as QueueError
    from .fanout import fan_out as fan_out
    from .gateway import MAX_FRAME_BYTES as MAX_FRAME_BYTES
    from .gateway import ApiGateway as ApiGateway
    from .gateway import ConnectionInfo as ConnectionInfo
    from .gateway import Gateway as Gateway
    from .outcomes import Failed as Failed
    from .outcomes import FanOutError as FanOutError
    from .outcomes import Gone as Gone
    from .outcomes import Outcome as Outcome
    from .outcomes import Recipient as Recipient
    from .outcomes import Report as Report
    from .outcomes import Sent as Sent
    from .outcomes import Slow as Slow
    from .outcomes import TooLarge as TooLarge
    from .queue import Queue as Queue
    from .queue import Slice as Slice
    from .queue import SliceQueue as SliceQueue

_HOMES = {
    "SendBudget": ".budget",
    "FrameTooLargeError": ".errors",
    "InvalidSliceError": ".errors",
    "PublisherError": ".errors",
    "QueueError": ".errors",
    "fan_out": ".fanout",
    "MAX_FRAME_BYTES": ".gateway",
    "ApiGateway": ".gateway",
    "ConnectionInfo": ".gateway",
    "Gateway": ".gateway",
    "Failed": ".outcomes",
    "FanOutError": ".outcomes",
    "Gone": ".outcomes",
    "Outcome": ".outcomes",
    "Recipient": ".outcomes",
    "Report": ".outcomes",
    "Sent": ".outcomes",
    "Slow": ".outcomes",
    "TooLarge": ".outcomes",
    "Queue": ".queue",
    "Slice": ".queue",
    "SliceQueue": ".queue",
}

__all__ = list(_HOMES)

__getattr__ = loader(__name__, _HOMES)
