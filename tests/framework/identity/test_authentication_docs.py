"""docs/authentication.md: its examples run, its tables are complete."""

import re
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from signalbox.identity.errors import DeniedError, Reason
from signalbox.identity.settings import IdentitySettings
from signalbox.realtime.routes.lifecycle import SUBPROTOCOL
from signalbox.resolver import WebSocketResolver
from tests.conftest import ROOT
from tests.framework.identity.handshakes import TICKET_SECRET, Handshakes

DOCUMENT = (ROOT / "docs" / "authentication.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)


def module(name: str, **names: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(names)
    return made


@pytest.fixture
def django(monkeypatch: pytest.MonkeyPatch) -> None:
    """As much of Django as the view touches."""
    same = {"login_required": lambda view: view, "require_POST": lambda view: view}
    for made in (
        module("django"),
        module("django.conf", settings=SimpleNamespace(TICKET_SECRET=TICKET_SECRET)),
        module("django.contrib"),
        module("django.contrib.auth"),
        module("django.contrib.auth.decorators", **same),
        module("django.http", JsonResponse=dict),
        module("django.views"),
        module("django.views.decorators"),
        module("django.views.decorators.http", **same),
    ):
        monkeypatch.setitem(sys.modules, made.__name__, made)


def test_ticket_of_the_documented_view_opens_the_door(django: None) -> None:
    import time

    names: dict[str, Any] = {}
    exec(blocks("python")[0], names)

    answer = names["ticket"](SimpleNamespace(user=SimpleNamespace(pk=42)))

    admitted = Handshakes().ask({"ticket": answer["ticket"]}, now=int(time.time()) * 1000)
    assert admitted["principalId"] == "42"


def test_documented_handler_is_one() -> None:
    names: dict[str, Any] = {}
    exec(blocks("python")[2], names)

    WebSocketResolver().include_router(names["router"])


@pytest.mark.parametrize(
    ("provider", "url"),
    [
        (
            "cognito",
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI/.well-known/jwks.json",
        ),
        ("keycloak", "https://id.example.com/realms/chat/protocol/openid-connect/certs"),
    ],
)
def test_documented_variables_are_enough_for_a_provider(provider: str, url: str) -> None:
    (block,) = blocks(f"sh {provider}")
    variables = dict(line.split("=", 1) for line in block.splitlines())

    assert IdentitySettings.from_environment(variables).keys_url == url


def variable(field: FieldInfo) -> str:
    """The variable that a setting is read from; of several, the first."""
    alias = field.validation_alias
    return str(alias.choices[0] if isinstance(alias, AliasChoices) else alias)


def test_every_setting_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| `?(.*?)`? \|", DOCUMENT, re.MULTILINE))
    fields = {variable(field): field.default for field in IdentitySettings.model_fields.values()}

    assert set(rows) == set(fields)
    for name, default in fields.items():
        nothing = rows[name] in ("none", "below the issuer")
        assert rows[name].lower() == str(default).lower() or (nothing and not default)


def test_every_reason_is_documented_with_its_status() -> None:
    for status in (401, 403):
        (row,) = re.findall(rf"^\| {status} \| (.*) \|$", DOCUMENT, re.MULTILINE)
        documented = set(re.findall(r"`(\w+)`", row))
        assert documented == {str(reason) for reason in Reason if DeniedError(reason).status == status}


def test_browser_is_told_to_offer_what_the_server_chooses() -> None:
    (line,) = blocks("js")

    assert f'["{SUBPROTOCOL}", `bearer.${{token}}`]' in line
