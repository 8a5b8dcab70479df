"""Real-time backends on Amazon API Gateway WebSockets: typed handlers, channels, a local gateway.

Names are loaded on first use. This file must parse on any Python, however old.
"""

from .lazy import loader

TYPE_CHECKING = False  # a type checker takes it for True

if TYPE_CHECKING:
    from connection_store import ConnectionManager as ConnectionManager
    from connection_store import Rate as Rate
    from signalbox.application import Application as Application
    from signalbox.realtime.attributes import Attributes as Attributes
    from signalbox.realtime.attributes import set_attributes as set_attributes
    from signalbox.realtime.namespaces import Namespace as Namespace
    from signalbox.realtime.namespaces import personal_channel as personal_channel
    from signalbox.realtime.publishing import BlockingPublisher as BlockingPublisher
    from signalbox.realtime.publishing import Publisher as Publisher
    from signalbox.realtime.roles import ADMIN as ADMIN
    from signalbox.realtime.roles import EVERYONE as EVERYONE
    from signalbox.realtime.roles import NOBODY as NOBODY
    from signalbox.realtime.roles import OWNERS as OWNERS
    from signalbox.realtime.roles import USERS as USERS
    from signalbox.realtime.roles import Roles as Roles
    from signalbox.resolver import Accept as Accept
    from signalbox.resolver import BadRequestError as BadRequestError
    from signalbox.resolver import Caller as Caller
    from signalbox.resolver import ConflictError as ConflictError
    from signalbox.resolver import ConnectEvent as ConnectEvent
    from signalbox.resolver import Context as Context
    from signalbox.resolver import DisconnectEvent as DisconnectEvent
    from signalbox.resolver import ForbiddenError as ForbiddenError
    from signalbox.resolver import MessageEvent as MessageEvent
    from signalbox.resolver import NotFoundError as NotFoundError
    from signalbox.resolver import RateLimitedError as RateLimitedError
    from signalbox.resolver import RealtimeError as RealtimeError
    from signalbox.resolver import RegistrationError as RegistrationError
    from signalbox.resolver import Router as Router
    from signalbox.resolver import UnauthorizedError as UnauthorizedError
    from signalbox.resolver import UnavailableError as UnavailableError
    from signalbox.settings import Settings as Settings
    from signalbox.settings import SettingsError as SettingsError

    __version__ = ""

_HOMES = {
    "ConnectionManager": "connection_store",
    "Rate": "connection_store",
    "Application": "signalbox.application",
    "Attributes": "signalbox.realtime.attributes",
    "set_attributes": "signalbox.realtime.attributes",
    "Namespace": "signalbox.realtime.namespaces",
    "personal_channel": "signalbox.realtime.namespaces",
    "BlockingPublisher": "signalbox.realtime.publishing",
    "Publisher": "signalbox.realtime.publishing",
    "ADMIN": "signalbox.realtime.roles",
    "EVERYONE": "signalbox.realtime.roles",
    "NOBODY": "signalbox.realtime.roles",
    "OWNERS": "signalbox.realtime.roles",
    "USERS": "signalbox.realtime.roles",
    "Roles": "signalbox.realtime.roles",
    "Accept": "signalbox.resolver",
    "BadRequestError": "signalbox.resolver",
    "Caller": "signalbox.resolver",
    "ConflictError": "signalbox.resolver",
    "ConnectEvent": "signalbox.resolver",
    "Context": "signalbox.resolver",
    "DisconnectEvent": "signalbox.resolver",
    "ForbiddenError": "signalbox.resolver",
    "MessageEvent": "signalbox.resolver",
    "NotFoundError": "signalbox.resolver",
    "RateLimitedError": "signalbox.resolver",
    "RealtimeError": "signalbox.resolver",
    "RegistrationError": "signalbox.resolver",
    "Router": "signalbox.resolver",
    "UnauthorizedError": "signalbox.resolver",
    "UnavailableError": "signalbox.resolver",
    "Settings": "signalbox.settings",
    "SettingsError": "signalbox.settings",
}

__all__ = list(_HOMES)


_load = loader(__name__, _HOMES)


def __getattr__(name):  # type: ignore[no-untyped-def]
    if name == "__version__":
        from importlib.metadata import version

        return version("signalbox")
    return _load(name)
