"""What the environment tells the authorizer."""

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from signalbox.settings import Settings

from .aws_secrets import ARN
from .origins import ANY, WRITTEN

SHORTEST_SECRET = 32
"""Bytes: as many as HS256's hash has (RFC 7518 section 3.2)."""

PEM = "-----BEGIN"

_HTTPS = re.compile(r"https://.+|http://(127\.0\.0\.1|localhost)[:/].*")

Names = Annotated[frozenset[str], BeforeValidator(lambda text: text.replace(",", " ").split())]
"""Written with commas or spaces between."""


class IdentitySettings(Settings):
    """The authorizer's settings.

    `JWT_ISSUER` and `JWT_AUDIENCE` are enough for a provider that publishes its keys where most do. A secret
    may be given as the ARN of one in Secrets Manager or Systems Manager.
    """

    allowed_origins: Names = Field(validation_alias="ALLOWED_ORIGINS", default=frozenset())
    """The pages that may connect, each as a browser writes its origin; "*" in the local run alone."""

    local: bool = Field(validation_alias="LOCAL_RUN", default=False)
    """Whether this is the local run, which is on nobody's internet."""

    allow_guests: bool = Field(validation_alias="ALLOW_GUESTS", default=False)
    """Whether somebody without any credential may connect, as a guest."""

    issuer: str | None = Field(validation_alias="JWT_ISSUER", default=None, min_length=1)
    """Who signs the tokens; without it no token is accepted."""

    audience: str = Field(validation_alias="JWT_AUDIENCE", default="")
    """Whom the tokens have to be for."""

    algorithm: Literal["RS256", "ES256", "HS256"] = Field(validation_alias="JWT_ALGORITHM", default="RS256")
    """The one algorithm tokens are signed with, whatever they say themselves."""

    jwks_url: str = Field(validation_alias="JWT_JWKS_URL", default="")
    """Where the issuer publishes its keys: by default below the issuer, at /.well-known/jwks.json."""

    key: SecretStr | None = Field(validation_alias="JWT_KEY", default=None)
    """Instead of that: the one key, a PEM for RS256 and ES256, at least 32 bytes for HS256."""

    leeway: int = Field(validation_alias="JWT_LEEWAY", default=30, ge=0, le=300)
    """Seconds that the issuer's clock and API Gateway's may differ."""

    roles_claim: str = Field(validation_alias="JWT_ROLES_CLAIM", default="roles")
    """Where tokens list roles."""

    tenant_claim: str = Field(validation_alias="JWT_TENANT_CLAIM", default="tenant")
    """Where tokens name the tenant."""

    passed_claims: Names = Field(validation_alias="JWT_CLAIMS", default=frozenset())
    """Claims that handlers get to see; the others go no further than the authorizer."""

    ticket_secret: SecretStr | None = Field(validation_alias="TICKET_SECRET", default=None)
    """What tickets are signed with; without it no ticket is accepted."""

    table_name: str = Field(validation_alias="TABLE_NAME", default="")
    """Where spent tickets are kept."""

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        for origin in self.allowed_origins:
            good = WRITTEN.fullmatch(origin) or (origin == ANY and self.local)
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
        """Where the issuer's keys are."""
        return self.jwks_url or f"{(self.issuer or '').rstrip('/')}/.well-known/jwks.json"


def _is_secret(secret: SecretStr) -> bool:
    text = secret.get_secret_value()
    if text.startswith("arn:"):
        return bool(ARN.fullmatch(text))
    return len(text.encode()) >= SHORTEST_SECRET and PEM not in text


def _require(condition: object, complaint: str) -> None:
    if not condition:
        raise ValueError(complaint)
