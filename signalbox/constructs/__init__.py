"""CDK constructs of a real-time backend: one for each capability, and `RealtimeBackend` that joins them.

Names are resolved on first use: importing the CDK takes seconds and needs Node.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backend import RealtimeBackend
    from .deployment import DeploymentSettings
    from .stage import Stage
    from .synth import synthesize

__all__ = ["DeploymentSettings", "RealtimeBackend", "Stage", "synthesize"]

_MODULES = {
    "DeploymentSettings": "deployment",
    "RealtimeBackend": "backend",
    "Stage": "stage",
    "synthesize": "synth",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
