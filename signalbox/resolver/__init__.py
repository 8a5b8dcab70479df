"""An API Gateway WebSocket event becomes one call of your handler."""

from .context import Caller, Context
from .errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    InternalError,
    InvalidMessageError,
    MalformedEventError,
    NotFoundError,
    RateLimitedError,
    RealtimeError,
    RegistrationError,
    ReplyError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
    UnknownRouteError,
    trace,
)
from .event import ConnectEvent, DisconnectEvent, Event, MessageEvent, parse_event
from .middleware import Middleware, Next
from .resolver import RUNTIME, WebSocketResolver, log_unexpected
from .response import Accept, is_refusal
from .routing import Route, Router, in_order
from .runtime import Runtime

__all__ = [
    "RUNTIME",
    "Accept",
    "BadRequestError",
    "Caller",
    "ConflictError",
    "ConnectEvent",
    "Context",
    "DisconnectEvent",
    "Event",
    "ForbiddenError",
    "InternalError",
    "InvalidMessageError",
    "MalformedEventError",
    "MessageEvent",
    "Middleware",
    "Next",
    "NotFoundError",
    "RateLimitedError",
    "RealtimeError",
    "RegistrationError",
    "ReplyError",
    "Route",
    "Router",
    "Runtime",
    "TooLargeError",
    "UnauthorizedError",
    "UnavailableError",
    "UnknownRouteError",
    "WebSocketResolver",
    "in_order",
    "is_refusal",
    "log_unexpected",
    "parse_event",
    "trace",
]
