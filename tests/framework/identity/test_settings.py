"""What the authorizer may be told, and what is refused before anybody connects."""

import subprocess
import sys
from typing import Any

import pytest

from signalbox.identity.authority import Authority, build_authority
from signalbox.identity.settings import IdentitySettings
from signalbox.settings import SettingsError
from tests.conftest import ROOT
from tests.framework.identity.handshakes import SECRET, TICKET_SECRET, public_pem
from tests.framework.realtime.backend import SETTINGS

PROVIDER = {"JWT_ISSUER": "https://id.example.com/", "JWT_AUDIENCE": "chat"}
HMAC = {**PROVIDER, "JWT_ALGORITHM": "HS256", "JWT_KEY": SECRET}
TICKETS = {"TICKET_SECRET": TICKET_SECRET, "TABLE_NAME": "connections"}
REGION = {"AWS_DEFAULT_REGION": "us-east-1"}
AUTHORIZER = "from signalbox.functions import authorizer; authorizer.make_handler()"
WEBSOCKET = "from tests.framework.application import app; app.websocket()"
"""The code in the file of the authorizer's Lambda function."""

ARN = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:jwt-AbCdEf"


def read(**variables: str) -> IdentitySettings:
    return IdentitySettings.from_environment(variables)


def test_two_variables_are_enough_when_the_provider_publishes_its_keys_where_most_do() -> None:
    settings = read(**PROVIDER)

    assert settings.keys_url == "https://id.example.com/.well-known/jwks.json"
    assert (settings.algorithm, settings.leeway, settings.allow_guests) == ("RS256", 30, False)


def test_lists_are_read_when_they_have_commas_or_spaces() -> None:
    settings = read(**PROVIDER, ALLOWED_ORIGINS="https://a.example, https://b.example:8443", JWT_CLAIMS="x y")

    assert settings.allowed_origins == {"https://a.example", "https://b.example:8443"}
    assert settings.passed_claims == {"x", "y"}
    assert read(**PROVIDER, ALLOWED_ORIGINS="").allowed_origins == set()


@pytest.mark.parametrize(
    "settings",
    [
        PROVIDER,
        {**PROVIDER, "JWT_JWKS_URL": "https://id.example.com/keys", "JWT_ALGORITHM": "ES256"},
        {**PROVIDER, "JWT_JWKS_URL": "http://127.0.0.1:9/keys"},
        {**PROVIDER, "JWT_KEY": public_pem("RS256")},
        {**PROVIDER, "JWT_KEY": ARN},
        {**HMAC, "JWT_KEY": ARN},
        HMAC,
        TICKETS,
        {"ALLOW_GUESTS": "true"},
        {**PROVIDER, "LOCAL_RUN": "true", "ALLOWED_ORIGINS": "*"},
    ],
)
def test_authority_is_built_when_settings_make_sense(settings: Any) -> None:
    assert isinstance(build_authority(read(**settings)), Authority)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "nobody could connect"),
        ({"JWT_ISSUER": "https://id.example.com/"}, "JWT_AUDIENCE is missing"),
        ({"ALLOW_GUESTS": "true", "JWT_KEY": SECRET}, "JWT_ISSUER is missing"),
        ({**PROVIDER, "JWT_ALGORITHM": "none"}, "JWT_ALGORITHM"),
        ({**PROVIDER, "JWT_ALGORITHM": "HS512"}, "JWT_ALGORITHM"),
        ({**PROVIDER, "JWT_ALGORITHM": "HS256"}, "JWT_KEY must be a secret"),
        ({**HMAC, "JWT_KEY": "x" * 31}, "at least 32 bytes"),
        ({**HMAC, "JWT_KEY": public_pem("RS256")}, "JWT_KEY must be a secret"),
        ({**HMAC, "JWT_ALGORITHM": "RS256"}, "public key in PEM"),
        ({**HMAC, "JWT_JWKS_URL": "https://id.example.com/keys"}, "alternatives"),
        ({**PROVIDER, "JWT_JWKS_URL": "http://id.example.com/keys"}, "https://"),
        ({**PROVIDER, "JWT_JWKS_URL": "file:///etc/passwd"}, "https://"),
        ({**PROVIDER, "JWT_LEEWAY": "301"}, "JWT_LEEWAY"),
        ({"TICKET_SECRET": TICKET_SECRET}, "TABLE_NAME is missing"),
        ({**TICKETS, "TICKET_SECRET": "short"}, "TICKET_SECRET must have at least 32 bytes"),
        ({**TICKETS, "TICKET_SECRET": "arn:aws:s3:::a-bucket-with-a-long-name"}, "TICKET_SECRET"),
        ({**PROVIDER, "ALLOWED_ORIGINS": "*"}, "ALLOWED_ORIGINS"),
        ({**PROVIDER, "ALLOWED_ORIGINS": "null"}, "ALLOWED_ORIGINS"),
        ({**PROVIDER, "ALLOWED_ORIGINS": "https://*.example.com"}, "ALLOWED_ORIGINS"),
        ({**PROVIDER, "ALLOWED_ORIGINS": "https://app.example.com/"}, "ALLOWED_ORIGINS"),
        ({**PROVIDER, "ALLOWED_ORIGINS": "https://App.example.com"}, "ALLOWED_ORIGINS"),
    ],
)
def test_setting_is_named_and_its_value_is_not_when_it_makes_no_sense(settings: Any, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint) as refused:
        read(**settings)

    values = [value for name, value in settings.items() if name in ("JWT_KEY", "TICKET_SECRET")]
    assert not any(value in str(refused.value) for value in values)
    assert refused.value.__suppress_context__


def test_secrets_are_not_shown_when_settings_are() -> None:
    settings = read(**HMAC, **TICKETS)

    shown = f"{settings!r} {settings} {settings.model_dump()}"
    assert SECRET not in shown
    assert TICKET_SECRET not in shown


@pytest.mark.parametrize("settings", [PROVIDER, TICKETS], ids=["provider", "tickets"])
def test_sdk_is_not_loaded_when_the_authorizer_is(settings: Any) -> None:
    code = f"import sys; {AUTHORIZER}; print('botocore.session' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**settings, **REGION},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.stdout.strip() == "False", done.stderr


def test_authorizer_does_not_start_when_settings_make_no_sense() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AUTHORIZER],
        cwd=ROOT,
        env={},
        capture_output=True,
        timeout=60,
    )

    assert b"SettingsError: environment: Value error, nobody could connect" in done.stderr


def test_cryptography_is_not_loaded_when_messages_are_handled() -> None:
    code = f"import sys; {WEBSOCKET}; print({{'jwt', 'cryptography'}} & set(sys.modules))"
    env = {**SETTINGS, **REGION}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )

    assert done.stdout.strip() == "set()", done.stderr
