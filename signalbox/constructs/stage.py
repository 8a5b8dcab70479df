"""The settings of a stage: its entry in `cdk.json`, typed and checked."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from .errors import StageError

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,19}$")]
Origin = Annotated[str, StringConstraints(pattern=r"^https?://[a-z0-9.-]+(:\d{1,5})?$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
Certificate = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/.+$")
]


class Domain(BaseModel):
    """A custom domain for the WebSocket address, and the ARN of its certificate in the stage's region."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    certificate_arn: Certificate


class Tokens(BaseModel):
    """The identity provider whose tokens (JWT) are accepted, and the claims that are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(pattern=r"^https://.+")
    audience: str = Field(min_length=1)
    algorithm: Literal["RS256", "ES256"] = "RS256"
    jwks_url: str | None = Field(None, pattern=r"^https://.+")
    roles_claim: str | None = None
    tenant_claim: str | None = None
    claims: tuple[str, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        """The authorizer's variables."""
        texts = {**self.model_dump(exclude_none=True), "claims": " ".join(self.claims)}
        return {f"JWT_{name.upper()}": text for name, text in texts.items() if text}


class Throttle(BaseModel):
    """Messages and handshakes that the stage admits a second (`rate`) and at once (`burst`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: int = Field(gt=0)
    burst: int = Field(gt=0)


class Limits(BaseModel):
    """Connections of one user, and messages of one connection a second (`rate`) and at once (`burst`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    connection_limit: int = Field(10, ge=1, le=40)
    message_rate: float = Field(20, gt=0, le=1_000)
    message_burst: int = Field(100, ge=1)
    send_rate: float = Field(5, gt=0, le=1_000)
    send_burst: int = Field(30, ge=1)

    @property
    def environment(self) -> dict[str, str]:
        """The application's variables."""
        return {name.upper(): f"{value:g}" for name, value in self.model_dump().items()}


class Stage(BaseModel):
    """One deployment of an application, named `dev`, `staging`, `prod` or anything else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    application: Name
    """The application's name, `name` in the context of `cdk.json`. Two in one account must differ in it."""

    name: Name

    account: str | None = Field(None, pattern=r"^\d{12}$")
    """The account it belongs to. None: the account of the credentials."""

    region: Region | None = None
    """The region it belongs to. None: the region of the credentials."""

    origins: tuple[Origin, ...] = Field(min_length=1)
    """The pages that may connect, as browsers write their `Origin`."""

    tokens: Tokens | None = None
    """The identity provider. Tickets are accepted in any case."""

    allow_guests: bool = False
    """Whether somebody without an identity may connect."""

    demo: bool = False
    """Whether everybody may broadcast, message anybody and list who is connected, as the page does."""

    removal: Literal["retain", "destroy"] = "retain"
    """The fate of table and secret when the stack is deleted. `retain` also protects against deletion."""

    log_retention_days: Literal[1, 3, 7, 14, 30, 60, 90, 180, 365] = 30

    throttle: Throttle

    limits: Limits = Limits()

    alarm_email: str | None = Field(None, pattern=r"^[^@\s]+@[^@\s]+$")
    """The address that alarms are sent to. Its owner confirms the subscription by mail."""

    domain: Domain | None = None

    memory: int = Field(1_024, ge=256, le=10_240)
    """Megabytes of each function. The processor grows with them: 1,769 are one."""

    send_budget: int = Field(3_000, gt=0)
    """Posts a second of all workers together, a part of the account's quota for everything (F16)."""

    fanout_concurrency: int = Field(10, ge=2, le=1_000)
    """The most workers at once. They share the budget."""

    provisioned_concurrency: int = Field(0, ge=0)
    """Sandboxes of the WebSocket function that are kept warm and paid by the hour."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    """The least severe log lines that the functions write."""

    debug: bool = False
    """Whether logs carry the text of unexpected exceptions, which may quote what clients sent."""

    tracing: bool = False
    """Whether X-Ray samples invocations."""

    bytecode: bool = True
    """Whether modules are shipped compiled, for a faster cold start, where the runtime's Python is here."""

    account_logs: bool = True
    """Whether this stack gives API Gateway its role for logs. One in each account and region does."""

    @property
    def prefix(self) -> str:
        """The name of the stack, and the prefix of every named resource: "signalbox-dev"."""
        return f"{self.application}-{self.name}"

    @property
    def title(self) -> str:
        """The name in descriptions: "Signalbox, stage dev"."""
        return f"{self.application.capitalize()}, stage {self.name}"

    @property
    def retain(self) -> bool:
        """Whether its data outlive the stack."""
        return self.removal == "retain"

    @model_validator(mode="after")
    def _certificate_is_where_the_stage_is(self) -> Self:
        if self.domain and self.region and self.domain.certificate_arn.split(":")[3] != self.region:
            raise ValueError(f"the certificate of {self.domain.name} must be in {self.region}")
        return self


def read_stage(stages: Mapping[str, Any], name: str, application: str | None) -> Stage:
    """Return the settings of the stage `name` among `stages`, as `cdk.json` has them.

    `application` is the context's `name` there. Raises StageError.
    """
    if name not in stages:
        raise StageError(f"there is no stage {name!r} in cdk.json, only {', '.join(sorted(stages))}")
    try:
        return Stage.model_validate({**stages[name], "name": name, "application": application})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "settings"
        if place == "application":
            raise StageError(_UNNAMED) from None
        raise StageError(f"stage {name} in cdk.json: {place}: {_plainly(place, first['msg'])}") from None


def settle(stage: Stage, environ: Mapping[str, str], regions: frozenset[str]) -> dict[str, str]:
    """Return the account and region to deploy to, as far as they are known.

    `environ` is the environment of the CDK command, which names the account of the credentials. `regions`
    are the regions that exist. Raises StageError if the stage belongs to another account or region.
    """
    place: dict[str, str] = {}
    for part, variable in (("account", "CDK_DEFAULT_ACCOUNT"), ("region", "CDK_DEFAULT_REGION")):
        wanted: str | None = getattr(stage, part)
        found = environ.get(variable) or wanted
        if wanted and found != wanted:
            raise StageError(
                f"stage {stage.name} belongs to {part} {wanted}, but these credentials are for {found}"
            )
        if found:
            place[part] = found
    if place.get("region", "us-east-1") not in regions:
        raise StageError(f"there is no region {place['region']!r}")
    return place


def _plainly(place: str, problem: str) -> str:
    if place.startswith("origins"):
        return "name the pages that may connect, each as https://host or https://host:port"
    if place == "domain.certificate_arn":
        return "a custom domain needs the ARN of its certificate"
    return re.sub(r"^Value error, ", "", problem)


_UNNAMED = (
    'the context in cdk.json needs "name", the application\'s name: '
    "a lower-case letter, then up to 19 lower-case letters, digits and hyphens"
)
