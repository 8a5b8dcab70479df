"""What the environment tells the application, read once per sandbox."""

import os
from collections.abc import Mapping
from typing import Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError


class SettingsError(Exception):
    """A variable is missing or makes no sense; the text names it."""


class Settings(BaseModel):
    """The application's settings. A field names the variables it comes from; the first that is set wins."""

    model_config = ConfigDict(frozen=True)

    table_name: str = Field(validation_alias="TABLE_NAME", min_length=3)
    """The DynamoDB table of the connection store."""

    management_endpoint: str = Field(
        validation_alias=AliasChoices("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", "MANAGEMENT_ENDPOINT"),
        pattern=r"^https?://",
    )
    """Where `@connections` is, with stage. An event's domain name would be wrong behind a custom domain."""

    region: str = Field(validation_alias=AliasChoices("AWS_REGION", "AWS_DEFAULT_REGION"))
    """The region requests are signed for."""

    allow_guests: bool = Field(validation_alias="ALLOW_GUESTS", default=False)
    """Whether somebody without an authorizer's identity may connect, as a guest with an id made here."""

    debug: bool = Field(validation_alias="DEBUG", default=False)
    """Whether logs carry the text of unexpected exceptions, which may quote what clients sent."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read them; SettingsError names the first variable that is missing or wrong, never its value."""
        try:
            return cls.model_validate(dict(environment))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise SettingsError(f"environment variable {first['loc'][0]}: {first['msg']}") from None
