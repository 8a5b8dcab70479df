"""Settings that come from environment variables."""

import os
from collections.abc import Mapping
from typing import Self

from pydantic import AliasGenerator, BaseModel, ConfigDict, ValidationError


class SettingsError(Exception):
    """A variable is missing or makes no sense. The text names it."""

    one_line = True


class Settings(BaseModel):
    """Environment variables as typed fields. Subclass it for the settings of an application.

    A field `api_url` reads the variable `API_URL`. A field with a `validation_alias` reads that variable, or
    the first that is set of several. A `SecretStr` may hold the ARN of a secret in Secrets Manager or Systems
    Manager (`signalbox.application` reads it).

    >>> class ShopSettings(Settings):
    ...     api_url: str
    ...     page_size: int = 20
    >>> ShopSettings.from_environment({"API_URL": "https://api.example.com"}).page_size
    20
    """

    model_config = ConfigDict(frozen=True, alias_generator=AliasGenerator(validation_alias=str.upper))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the variables. SettingsError names the first that is missing or wrong, never its value."""
        try:
            return cls.model_validate(dict(environment))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            variable = "".join(f" variable {name}" for name in first["loc"][:1])
            raise SettingsError(f"environment{variable}: {first['msg']}") from None
