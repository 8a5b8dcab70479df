"""``signalbox token``. That both kinds open doors is shown in tests/security."""

import os
import subprocess
import sys
from typing import Any

import jwt
import pytest

from tests.conftest import ROOT

SECRET = "0123456789abcdef0123456789abcdef"


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Without any package: minting needs none."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "signalbox", "token", *arguments],
        cwd=ROOT,
        env={"PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        timeout=20,
    )


def read(text: str, audience: str, secret: str = SECRET) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(text.strip(), secret, ["HS256"], audience=audience)
    return claims


def test_token_is_for_the_local_run_when_nothing_is_said() -> None:
    claims = read(run(JWT_KEY=SECRET).stdout, "local")

    assert claims | {"exp": 0, "iat": 0} == {
        "iss": "local",
        "aud": "local",
        "sub": "ann",
        "exp": 0,
        "iat": 0,
        "roles": [],
    }


def test_token_says_what_was_asked_for_when_options_are_given() -> None:
    asked = ["--user", "bob", "--roles", "admin writer", "--tenant", "acme"]
    names = {"JWT_KEY": SECRET, "JWT_ISSUER": "https://id.example", "JWT_AUDIENCE": "chat"}

    claims = read(run(*asked, **names).stdout, "chat")

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
def test_ticket_is_bound_to_its_origin_when_there_is_one(options: list[str], bound: Any) -> None:
    claims = read(run("--ticket", *options, TICKET_SECRET=SECRET).stdout, "ticket")

    made = {"exp": 0, "iat": 0, "jti": ""}
    assert claims | made == {"sub": "ann", "aud": "ticket", "roles": [], **made, **bound}


@pytest.mark.parametrize(("options", "missing"), [([], "JWT_KEY"), (["--ticket"], "TICKET_SECRET")])
def test_missing_secret_is_named_when_there_is_none(options: list[str], missing: str) -> None:
    done = run(*options)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"set {missing}" in done.stderr
