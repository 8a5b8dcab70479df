"""Errors that name what to install."""

import subprocess
import sys

import pytest

from signalbox.gateway.errors import GatewayError, MissingPackageError
from tests.conftest import ROOT

HINT = "signalbox gateway needs the package websockets: pip install 'signalbox[gateway]'"
WITHOUT_WEBSOCKETS = "import sys; sys.modules['websockets'] = None; "


def run(program: str) -> "subprocess.CompletedProcess[str]":
    """Run a program in a Python where the package websockets is not installed."""
    command = [sys.executable, "-c", WITHOUT_WEBSOCKETS + program]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("module", ["websockets", "websockets.http11"])
def test_error_is_an_import_error_that_names_the_extra_when_a_package_is_missing(module: str) -> None:
    error = MissingPackageError.of(ModuleNotFoundError("No module", name=module))

    assert isinstance(error, ImportError)
    assert isinstance(error, GatewayError)
    assert str(error) == HINT


def test_error_stays_what_it_is_when_a_module_belongs_to_no_extra() -> None:
    error = ModuleNotFoundError("No module", name="signalbox.missing")
    with pytest.raises(ModuleNotFoundError) as raised:
        MissingPackageError.of(error)
    assert raised.value is error


def test_import_names_the_extra_when_websockets_is_not_installed() -> None:
    done = run("from signalbox.gateway import LocalGateway")
    assert done.stderr.splitlines()[-1].endswith(f"MissingPackageError: {HINT}")


def test_command_prints_one_line_when_websockets_is_not_installed() -> None:
    done = run("from signalbox.cli import main; sys.exit(main(['gateway', '--handler', 'a.b']))")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{HINT}\n")


def test_name_is_none_of_the_package_when_it_is_misspelled() -> None:
    import signalbox.gateway

    with pytest.raises(AttributeError, match="no attribute 'LocalGatway'"):
        getattr(signalbox.gateway, "LocalGatway")  # noqa: B009 a type checker knows that it is absent
