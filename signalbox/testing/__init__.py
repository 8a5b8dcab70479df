"""Tools for the tests of an application. Names are loaded on first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backend import Backend as Backend
    from .backend import Connection as Connection
    from .backend import HandshakeRefusedError as HandshakeRefusedError
    from .dynamodb import MemoryEngine as MemoryEngine
    from .gateway import MemoryGateway as MemoryGateway

_HOMES = {
    "Backend": "backend",
    "Connection": "backend",
    "HandshakeRefusedError": "backend",
    "MemoryEngine": "dynamodb",
    "MemoryGateway": "gateway",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    # pytest imports this package in every project: what no test asks for is not loaded.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
