"""Identity sources: values that a request must have before the authorizer is invoked (W85)."""

import re
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError

_SOURCE = re.compile(
    r"(route\.request\.header|route\.request\.querystring|context|stageVariables)\.([\w.-]+)"
)


class IdentitySource:
    """A place in the event, for example `route.request.header.Authorization`. Raises ConfigError."""

    def __init__(self, expression: str) -> None:
        match = _SOURCE.fullmatch(expression)
        if match is None:
            raise ConfigError(
                f"identity source {expression!r} is not understood: write route.request.header.NAME"
            )
        self._place, self._name = match[1], match[2]

    def is_filled(self, event: Mapping[str, Any]) -> bool:
        """Whether the event has a value at that place."""
        match self._place:
            case "route.request.header":
                name = self._name.lower()
                value = any(value for key, value in event["headers"].items() if key.lower() == name)
            case "route.request.querystring":
                value = event["queryStringParameters"].get(self._name)
            case "stageVariables":
                value = event["stageVariables"].get(self._name)
            case _:
                value = _deep(event["requestContext"], self._name)
        return bool(value)


def _deep(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
