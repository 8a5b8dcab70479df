"""One stage of an API: its settings and the targets of its routes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from .config import Config
from .errors import ConfigError

Target = TypeVar("Target")


@dataclass(frozen=True, slots=True)
class Stage(Generic[Target]):
    """The settings of a stage, and a target for each route and for the authorizer.

    A target is a function or a callable that invokes one. Raises ConfigError when a target is missing.
    """

    config: Config
    routes: Mapping[str, Target]
    authorizer: Target | None = None

    def __post_init__(self) -> None:
        if self.routes.keys() != self.config.routes:
            raise ConfigError("the targets must be those of the configured routes, neither more nor fewer")
        if (self.authorizer is None) != (self.config.authorizer is None):
            raise ConfigError("an authorizer needs both its setting and its target")

    @classmethod
    def of(cls, config: Config, target: Target, authorizer: Target | None = None) -> Self:
        """Create a stage in which all routes have the same target."""
        return cls(config, dict.fromkeys(config.routes, target), authorizer)
