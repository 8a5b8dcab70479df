"""The environment variables that the framework's functions read."""

from pydantic import AliasChoices, Field, SecretStr

from signalbox.settings import Settings


class RealtimeSettings(Settings):
    """The framework's settings, besides those of the application."""

    table_name: str = Field(validation_alias=AliasChoices("TABLE_NAME", "DYNAMODB_TABLE"), min_length=3)
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

    demo: bool = Field(validation_alias="DEMO", default=False)
    """Whether everybody, guests included, may broadcast, message anybody and list who is connected."""

    queue_url: str | None = Field(validation_alias="FANOUT_QUEUE_URL", default=None, pattern=r"^https?://")
    """The SQS queue behind which workers serve large audiences. Without one, all are served at once."""

    inline_recipients: int = Field(validation_alias="INLINE_RECIPIENTS", default=100, ge=1, le=1_000)
    """The largest audience that is served before the sender has its answer."""

    send_budget: float = Field(validation_alias="SEND_BUDGET", default=3_000.0, gt=0)
    """Posts a second, of all workers together: 30 % of the quota that inbound messages live on too (F16)."""

    fanout_concurrency: int = Field(validation_alias="FANOUT_CONCURRENCY", default=10, ge=1)
    """The event source's maximum concurrency: how many workers share the budget."""

    ticket_secret: SecretStr | None = Field(validation_alias="TICKET_SECRET", default=None, min_length=32)
    """The secret that signs tickets, or its ARN. Without it no session is extended."""

    connection_limit: int = Field(validation_alias="CONNECTION_LIMIT", default=10, ge=1, le=40)
    """The most connections of one user."""

    message_rate: float = Field(validation_alias="MESSAGE_RATE", default=20.0, gt=0, le=1_000)
    message_burst: int = Field(validation_alias="MESSAGE_BURST", default=100, ge=1)
    """Messages of any kind a connection may send, a second and at once: as each sandbox counts for itself."""

    send_rate: float = Field(validation_alias="SEND_RATE", default=5.0, gt=0, le=1_000)
    send_burst: int = Field(validation_alias="SEND_BURST", default=30, ge=1)
    """Of them, those that store something or are sent on: exactly, wherever they are handled."""

    debug: bool = Field(validation_alias="DEBUG", default=False)
    """Whether logs carry the text of unexpected exceptions, which may quote what clients sent."""
