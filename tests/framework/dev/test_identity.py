"""What the local run tells its authorizer."""

from signalbox.dev.identity import Identity
from signalbox.identity.settings import IdentitySettings

PROVIDER = {"JWT_ISSUER": "https://id.example.com", "JWT_AUDIENCE": "chat"}
URL = "ws://127.0.0.1:3001/local"


def read(identity: Identity) -> IdentitySettings:
    return IdentitySettings.from_environment({**identity.variables, "TABLE_NAME": "signalbox-local"})


def test_every_run_has_secrets_of_its_own_when_none_are_given() -> None:
    one, other = Identity({}), Identity({})

    assert read(one).issuer == "local"
    assert one.variables["JWT_KEY"] != other.variables["JWT_KEY"]
    assert one.variables["TICKET_SECRET"] != other.variables["TICKET_SECRET"]
    assert "?token=" in one.invite(URL)


def test_given_variables_are_kept_when_they_name_a_provider() -> None:
    identity = Identity({**PROVIDER, "ALLOWED_ORIGINS": "https://app.example.com", "HOME": "/home/ann"})
    settings = read(identity)

    assert (settings.issuer, settings.algorithm, settings.key) == (PROVIDER["JWT_ISSUER"], "RS256", None)
    assert settings.allowed_origins == {"https://app.example.com"}
    assert "HOME" not in identity.variables
    assert identity.invite(URL) == "  tokens         those of https://id.example.com\n"
