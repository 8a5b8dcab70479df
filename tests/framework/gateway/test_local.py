"""What a gateway in front of functions of this machine refuses before it starts."""

from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from signalbox.gateway import Config, ConfigError, LocalGateway


def find_nothing(_name: str) -> ModuleSpec | None:
    """Where nothing is installed."""
    return None


def test_error_names_the_other_kind_when_the_runtime_client_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signalbox.gateway.local.find_spec", find_nothing)
    LocalGateway("a.b", Config(sandbox="socket", task_root=tmp_path))
    with pytest.raises(ConfigError, match=r"needs the package awslambdaric \(Linux only\): use 'socket'$"):
        LocalGateway("a.b", Config(sandbox="runtime", task_root=tmp_path))
