"""One stage of an API: its settings, and what stands behind its routes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from .config import Config
from .errors import ConfigError

Target = TypeVar("Target")


@dataclass(frozen=True, slots=True)
class Stage(Generic[Target]):
    """What each route of `config` leads to, and its authorizer: functions, or ways to invoke them.

    Raises ConfigError when settings and targets do not belong together.
    """

    config: Config
    routes: Mapping[str, Target]
    authorizer: Target | None = None

    def __post_init__(self) -> None:
        if self.routes.keys() != self.config.routes:
            raise ConfigError("every route, and nothing else, must lead somewhere")
        if (self.authorizer is None) != (self.config.authorizer is None):
            raise ConfigError("an authorizer must be both configured and there to be asked")

    @classmethod
    def of(cls, config: Config, target: Target, authorizer: Target | None = None) -> Self:
        """A stage whose routes all lead to the same target."""
        return cls(config, dict.fromkeys(config.routes, target), authorizer)
