"""``signalbox token``. That both kinds open doors is shown in tests/security."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import jwt
import pytest

from signalbox.client.tokens import main
from tests.conftest import ROOT

SECRET = "0123456789abcdef0123456789abcdef"
VARIABLES = ("JWT_KEY", "JWT_ISSUER", "JWT_AUDIENCE", "TICKET_SECRET")


class Done(NamedTuple):
    """What a run left behind."""

    code: int
    output: str
    notes: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process, with these variables."""

    def run(*arguments: str, **environment: str) -> Done:
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        try:
            code: Any = main(list(arguments))
        except SystemExit as error:
            code = error.code
        return Done(code, *capsys.readouterr())

    return run


def read(text: str, audience: str, secret: str = SECRET) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(text.strip(), secret, ["HS256"], audience=audience)
    return claims


def test_token_needs_no_package_when_it_is_minted() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "signalbox", "token"],
        cwd=ROOT,
        env={"PATH": os.defpath, "JWT_KEY": SECRET},
        capture_output=True,
        text=True,
        timeout=20,
    )

    assert read(done.stdout, "local")["sub"] == "ann"


def test_token_is_for_the_local_run_when_nothing_is_said(run: Run) -> None:
    claims = read(run(JWT_KEY=SECRET).output, "local")

    assert claims | {"exp": 0, "iat": 0} == {
        "iss": "local",
        "aud": "local",
        "sub": "ann",
        "exp": 0,
        "iat": 0,
        "roles": [],
    }


def test_token_says_what_was_asked_for_when_options_are_given(run: Run) -> None:
    asked = ["--user", "bob", "--roles", "admin writer", "--tenant", "acme"]
    names = {"JWT_KEY": SECRET, "JWT_ISSUER": "https://id.example", "JWT_AUDIENCE": "chat"}

    claims = read(run(*asked, **names).output, "chat")

    assert claims | {"exp": 0, "iat": 0} == {
        "iss": "https://id.example",
        "aud": "chat",
        "sub": "bob",
        "exp": 0,
        "iat": 0,
        "roles": ["admin", "writer"],
        "tenant": "acme",
    }


@pytest.mark.parametrize(
    ("options", "bound"),
    [([], {"native": True}), (["--origin", "https://a.example"], {"origin": "https://a.example"})],
)
def test_ticket_is_bound_to_its_origin_when_there_is_one(run: Run, options: list[str], bound: Any) -> None:
    claims = read(run("--ticket", *options, TICKET_SECRET=SECRET).output, "ticket")

    made = {"exp": 0, "iat": 0, "jti": ""}
    assert claims | made == {"sub": "ann", "aud": "ticket", "roles": [], **made, **bound}


@pytest.mark.parametrize(("options", "missing"), [([], "JWT_KEY"), (["--ticket"], "TICKET_SECRET")])
def test_missing_secret_is_named_when_there_is_none(run: Run, options: list[str], missing: str) -> None:
    done = run(*options)

    assert (done.code, done.output) == (2, "")
    assert f"set {missing}" in done.notes
