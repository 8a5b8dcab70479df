"""An API Gateway WebSocket event becomes one call of your handler."""

from signalbox.lazy import loader

TYPE_CHECKING = False  # a type checker takes it for True

if TYPE_CHECKING:
    from .context import Caller as Caller
    from .context import Context as Context
    from .errors import BadRequestError as BadRequestError
    from .errors import ConflictError as ConflictError
    from .errors import ForbiddenError as ForbiddenError
    from .errors import InternalError as InternalError
    from .errors import InvalidMessageError as InvalidMessageError
    from .errors import MalformedEventError as MalformedEventError
    from .errors import NotFoundError as NotFoundError
    from .errors import RateLimitedError as RateLimitedError
    from .errors import RealtimeError as RealtimeError
    from .errors import RegistrationError as RegistrationError
    from .errors import ReplyError as ReplyError
    from .errors import TooLargeError as TooLargeError
    from .errors import UnauthorizedError as UnauthorizedError
    from .errors import UnavailableError as UnavailableError
    from .errors import UnknownRouteError as UnknownRouteError
    from .errors import trace as trace
    from .event import ConnectEvent as ConnectEvent
    from .event import DisconnectEvent as DisconnectEvent
    from .event import Event as Event
    from .event import MessageEvent as MessageEvent
    from .event import parse_event as parse_event
    from .middleware import Middleware as Middleware
    from .middleware import Next as Next
    from .resolver import RUNTIME as RUNTIME
    from .resolver import WebSocketResolver as WebSocketResolver
    from .resolver import log_unexpected as log_unexpected
    from .response import Accept as Accept
    from .response import is_refusal as is_refusal
    from .routing import Route as Route
    from .routing import Router as Router
    from .routing import in_order as in_order
    from .runtime import Runtime as Runtime

_HOMES = {
    "Caller": ".context",
    "Context": ".context",
    "BadRequestError": ".errors",
    "ConflictError": ".errors",
    "ForbiddenError": ".errors",
    "InternalError": ".errors",
    "InvalidMessageError": ".errors",
    "MalformedEventError": ".errors",
    "NotFoundError": ".errors",
    "RateLimitedError": ".errors",
    "RealtimeError": ".errors",
    "RegistrationError": ".errors",
    "ReplyError": ".errors",
    "TooLargeError": ".errors",
    "UnauthorizedError": ".errors",
    "UnavailableError": ".errors",
    "UnknownRouteError": ".errors",
    "trace": ".errors",
    "ConnectEvent": ".event",
    "DisconnectEvent": ".event",
    "Event": ".event",
    "MessageEvent": ".event",
    "parse_event": ".event",
    "Middleware": ".middleware",
    "Next": ".middleware",
    "RUNTIME": ".resolver",
    "WebSocketResolver": ".resolver",
    "log_unexpected": ".resolver",
    "Accept": ".response",
    "is_refusal": ".response",
    "Route": ".routing",
    "Router": ".routing",
    "in_order": ".routing",
    "Runtime": ".runtime",
}

__all__ = list(_HOMES)

__getattr__ = loader(__name__, _HOMES)
