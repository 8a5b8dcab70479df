"""The authorizer's entry point. tests/framework/identity/test_authority.py has its decisions."""

import sys

import pytest

from signalbox.functions.authorizer import MissingPackageError, make_handler
from signalbox.settings import SettingsError
from tests.framework.identity.handshakes import PAGE, question


def test_guest_is_let_in_when_guests_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOW_GUESTS", "true")
    monkeypatch.setenv("ALLOWED_ORIGINS", PAGE)

    policy = make_handler()(question(), None)

    (statement,) = policy["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")


def test_invocation_fails_when_somebody_without_credentials_is_no_guest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TICKET_SECRET", "x" * 40)
    monkeypatch.setenv("TABLE_NAME", "connections")
    monkeypatch.setenv("ALLOWED_ORIGINS", PAGE)

    with pytest.raises(Exception, match="Unauthorized"):
        make_handler()(question(), None)


def test_function_does_not_start_when_nobody_could_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALLOW_GUESTS", "TICKET_SECRET", "JWT_ISSUER", "JWT_AUDIENCE"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(SettingsError, match="nobody could connect"):
        make_handler()


def test_one_line_names_the_extra_when_its_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOW_GUESTS", "true")
    for name in [name for name in sys.modules if name.startswith("signalbox.identity.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jwt", None)

    with pytest.raises(MissingPackageError) as missing:
        make_handler()
    assert str(missing.value) == "the authorizer needs the package jwt: pip install 'signalbox[authorizer]'"
