"""Attributes: an application's own typed data on a connection."""

from collections.abc import Callable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import to_json

from signalbox.resolver import Context

from .context import current_attributes, current_connection, keep_attributes, tenant_services

LARGEST_ATTRIBUTES = 4_096
"""Bytes of JSON."""


class AttributesError(Exception):
    """Attributes that cannot be kept, or that were kept by a release with another model."""


class Attributes(BaseModel):
    """Data that an application keeps with a connection. Subclass it with your fields.

    An `on_connect` handler returns an instance. Every later handler of the connection that asks for the class
    gets it. It is at most 4,096 bytes of JSON. Give new fields a default: connections that are open while you
    deploy have the data of the release before.
    """

    model_config = ConfigDict(frozen=True)

    @classmethod
    def load(cls, data: Any) -> Self:
        """Return the attributes that were kept, or those with all defaults. Raises AttributesError."""
        try:
            return cls.model_validate({} if data is None else data)
        except ValidationError as error:
            problems = ", ".join(".".join(map(str, each["loc"])) for each in error.errors(include_url=False))
            raise AttributesError(f"{cls.__name__}: no default and no value for {problems}") from None

    def dump(self) -> Any:
        """Return the JSON value to keep. Raises AttributesError for more than 4,096 bytes."""
        if (size := len(to_json(self, by_alias=True))) > LARGEST_ATTRIBUTES:
            raise AttributesError(f"{type(self).__name__} has {size} bytes, over {LARGEST_ATTRIBUTES}")
        return self.model_dump(mode="json", by_alias=True)


def asks_for_attributes(context: Context) -> bool:
    """Tell whether the event's handler asks for attributes."""
    route = context.route
    return route is not None and any(issubclass(kind, Attributes) for kind in route.call.asked)


def provide_attributes(kind: type[Attributes]) -> Callable[[Context], Attributes]:
    """Return the provider of an application's attributes."""
    return lambda context: kind.load(current_attributes(context))


async def set_attributes(context: Context, attributes: Attributes) -> None:
    """Replace the attributes of the connection that a message came over. The last call wins.

    Raises AttributesError for more than 4,096 bytes of JSON, and StoreError.
    """
    data = attributes.dump()
    connections = tenant_services(context).connections
    await connections.set_client_data(current_connection(context), data)
    keep_attributes(context, data)
