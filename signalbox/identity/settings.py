"""The environment variables that the authorizer reads."""

import re
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, model_validator

from signalbox.settings import Settings

from .aws_secrets import ARN
from .origins import ANY_ORIGIN, ORIGIN_PATTERN

MIN_SECRET_BYTES = 32
"""Bytes: the size of HS256's hash (RFC 7518 section 3.2)."""

PEM = "-----BEGIN"

_HTTPS = re.compile(r"https://.+|http://(127\.0\.0\.1|localhost)[:/].*")

Names = Annotated[frozenset[str], BeforeValidator(lambda text: text.replace(",", " ").split())]
"""A list, separated by commas or spaces."""


class IdentitySettings(Settings):
    """The authorizer's settings.

    `JWT_ISSUER` and `JWT_AUDIENCE` are enough for a provider with its keys at `/.well-known/jwks.json`. A
    secret may be given as its ARN in Secrets Manager or Systems Manager.
    """

    allowed_origins: Names = Field(validation_alias="ALLOWED_ORIGINS", default=frozenset())
    """The origins of the pages that may connect. "*" is for the local run only."""

    local: bool = Field(validation_alias="LOCAL_RUN", default=False)
    """Whether this is the local run, which listens on loopback only."""

    allow_guests: bool = Field(validation_alias="ALLOW_GUESTS", default=False)
    """Whether clients without credentials may connect, as guests."""

    issuer: str | None = Field(validation_alias="JWT_ISSUER", default=None, min_length=1)
    """The issuer of tokens (`iss`). Without it every token is refused."""

    audience: str = Field(validation_alias="JWT_AUDIENCE", default="")
    """The required audience of tokens (`aud`)."""

    algorithm: Literal["RS256", "ES256", "HS256"] = Field(validation_alias="JWT_ALGORITHM", default="RS256")
    """The only accepted algorithm of tokens. Their own `alg` must match it."""

    jwks_url: str = Field(validation_alias="JWT_JWKS_URL", default="")
    """URL of the issuer's keys. By default it is the issuer plus `/.well-known/jwks.json`."""

    key: SecretStr | None = Field(validation_alias="JWT_KEY", default=None)
    """The key itself, instead of a URL: a PEM for RS256 and ES256, at least 32 bytes for HS256."""

    leeway: int = Field(validation_alias="JWT_LEEWAY", default=30, ge=0, le=300)
    """Clock skew to allow between the issuer and API Gateway, in seconds."""

    roles_claim: str = Field(validation_alias="JWT_ROLES_CLAIM", default="roles")
    """Name of the claim with the roles."""

    tenant_claim: str = Field(validation_alias="JWT_TENANT_CLAIM", default="tenant")
    """Name of the claim with the tenant."""

    passed_claims: Names = Field(validation_alias="JWT_CLAIMS", default=frozenset())
    """Claims that handlers see. The authorizer drops the others."""

    ticket_secret: SecretStr | None = Field(validation_alias="TICKET_SECRET", default=None)
    """The secret that signs tickets. Without it every ticket is refused."""

    table_name: str = Field(validation_alias=AliasChoices("TABLE_NAME", "DYNAMODB_TABLE"), default="")
    """The DynamoDB table that stores spent tickets."""

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        for origin in self.allowed_origins:
            good = ORIGIN_PATTERN.fullmatch(origin) or (origin == ANY_ORIGIN and self.local)
            _require(
                good, "ALLOWED_ORIGINS must hold origins as browsers write them, https://app.example.com"
            )
        if self.issuer:
            self._check_tokens()
        else:
            _require(not (self.key or self.jwks_url), "JWT_ISSUER is missing")
        if self.ticket_secret:
            _require(self.table_name, "TABLE_NAME is missing: tickets are good for once")
            _require(_is_secret(self.ticket_secret), "TICKET_SECRET must have at least 32 bytes")
        someone = self.issuer or self.ticket_secret or self.allow_guests
        _require(someone, "nobody could connect: set JWT_ISSUER, TICKET_SECRET or ALLOW_GUESTS")
        return self

    def _check_tokens(self) -> None:
        _require(self.audience, "JWT_AUDIENCE is missing")
        _require(not (self.key and self.jwks_url), "JWT_KEY and JWT_JWKS_URL are alternatives")
        if self.algorithm == "HS256":
            _require(self.key and _is_secret(self.key), "JWT_KEY must be a secret of at least 32 bytes")
        elif self.key is None:
            _require(_HTTPS.fullmatch(self.keys_url), "JWT_JWKS_URL must begin with https://")
        else:
            text = self.key.get_secret_value()
            _require(text.startswith(PEM) or ARN.fullmatch(text), "JWT_KEY must be a public key in PEM")

    @property
    def keys_url(self) -> str:
        """URL of the issuer's keys."""
        return self.jwks_url or f"{(self.issuer or '').rstrip('/')}/.well-known/jwks.json"


def _is_secret(secret: SecretStr) -> bool:
    text = secret.get_secret_value()
    if text.startswith("arn:"):
        return bool(ARN.fullmatch(text))
    return len(text.encode()) >= MIN_SECRET_BYTES and PEM not in text


def _require(condition: object, complaint: str) -> None:
    if not condition:
        raise ValueError(complaint)
