"""Settings of the small application that the constructs are tested with."""

from pydantic import AliasChoices, BaseModel, Field, SecretStr


class Settings(BaseModel):
    table_name: str = Field(validation_alias="TABLE_NAME")
    region: str = Field(validation_alias=AliasChoices("AWS_REGION", "AWS_DEFAULT_REGION"))
    stripe_key: SecretStr
    mail_key: SecretStr
    sign_key: SecretStr
    orders_queue_url: str
    tickets: str = Field(validation_alias="TICKETS_TABLE")
    greeting: str = "hello"


class Demanding(BaseModel):
    stripe_key: SecretStr
    database: str = Field(validation_alias=AliasChoices("DATABASE_URL", "DB_URL"))
    greeting: str = "hello"


class Payments(BaseModel):
    stripe_key: SecretStr


class Nothing(BaseModel):
    """Reads no variable."""


class Plain:
    stripe_key: str
