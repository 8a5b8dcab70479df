import os
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from signalbox.dev import engine as engine_module
from signalbox.dev.engine import Engine, EngineError
from signalbox.dev.environments import Environment
from tests.conftest import ROOT


def health(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status
    finally:
        connection.close()


def test_engine_answers_until_its_context_ends(tmp_path: Path) -> None:
    with Engine(tmp_path / "log") as engine:
        assert health(engine.port) == 200

    with pytest.raises(OSError, match="refused"):
        health(engine.port)


def test_engine_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, signal, pathlib, sys; from signalbox.dev.engine import Engine\n"
        "with Engine(pathlib.Path(sys.argv[1])) as engine:\n"
        "    print(engine.port, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "log")],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},  # nobody is left to remove the engine's folder
        capture_output=True,
        text=True,
        timeout=60,
    )
    port = int(killed.stdout)

    for _ in range(500):
        try:
            health(port)
        except OSError:
            return
    pytest.fail("the engine outlived its parent")


def test_log_is_named_when_the_engine_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(4)")
    monkeypatch.setattr(engine_module, "PARENT_WATCH", broken)

    with pytest.raises(EngineError, match=r"status 4.*log"), Engine(tmp_path / "log"):
        pass


def test_problem_is_named_when_the_log_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be started"), Engine(tmp_path):
        pass


def test_command_is_named_when_the_engine_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "ENGINE", Environment(tmp_path, tmp_path / "lock"))

    with pytest.raises(EngineError, match="--setup"), Engine(tmp_path / "log"):
        pass
