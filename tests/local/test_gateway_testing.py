"""The pytest plugin: its document's examples run as they stand, and its clients say what happened.

Covers signalbox.testing.plugin, signalbox.testing.running, signalbox.testing.session.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from signalbox.gateway import Config, LocalGateway, PortTakenError
from signalbox.gateway.faults.file import read_plan
from signalbox.gateway.faults.plan import FaultPlan
from signalbox.gateway.template import TemplateGateway
from signalbox.testing.running import RunningGateway, running
from signalbox.testing.session import HandshakeRefused, WebSocketDisconnect
from tests.conftest import ROOT

DOCUMENT = (ROOT / "docs" / "testing.md").read_text()
FIRST, ECHO, REFUSED, SHARED, FAULTS = re.findall(
    r"^```python\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE
)

PLUGIN = "signalbox.testing.plugin"
"""Both the entry point's name and its module: pytest then accepts the plugin twice."""

FUNCTION = """
import json

def handler(event, context):
    context = event["requestContext"]
    if context["eventType"] == "CONNECT":
        query = event.get("queryStringParameters", {})
        headers = {"Sec-WebSocket-Protocol": "chat"} if "Sec-WebSocket-Protocol" in event["headers"] else {}
        return {"statusCode": int(query.get("status", 200)), "headers": headers}
    if event.get("body") == "whoami":
        return {"statusCode": 200, "body": json.dumps(context["connectionId"])}
    return {"statusCode": 200, "body": event.get("body", "")}
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """One gateway for the tests of this module, for clients that are plain functions."""
    folder = tmp_path_factory.mktemp("function")
    (folder / "app.py").write_text(FUNCTION)
    unstarted = LocalGateway("app.handler", Config(port=0, sandboxes=2, task_root=folder))
    with running(unstarted) as started:
        yield started


def run_pytest(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run pytest where the plugin is installed, in a project that has nothing to do with this one."""
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    installed = folder / "site" / "signalbox-0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: signalbox\nVersion: 0\n")
    (installed / "entry_points.txt").write_text(f"[pytest11]\n{PLUGIN} = {PLUGIN}\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:asyncio", "-p", "no:cacheprovider", "-q", *options]
    return subprocess.run(
        command,
        cwd=folder,
        env={"PYTHONPATH": f"{folder / 'site'}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_examples_of_the_document_pass_when_they_are_run(tmp_path: Path, mode: str) -> None:
    (tmp_path / "echo.py").write_text(ECHO)
    (tmp_path / "test_first.py").write_text(FIRST + REFUSED)
    (tmp_path / "test_shared.py").write_text(FIRST + SHARED)
    done = run_pytest(tmp_path, f"--import-mode={mode}")
    assert done.stdout.splitlines()[-1].startswith("3 passed"), done.stdout


def test_example_needs_no_more_than_ten_lines() -> None:
    lines = [line for line in FIRST.splitlines() if line and not line.startswith(("import", "from"))]
    assert len(lines) <= 10


def test_plans_of_the_document_can_be_made_when_they_are_copied(tmp_path: Path) -> None:
    names: dict[str, object] = {"pytest": pytest}
    exec(FAULTS, names)
    assert isinstance(names["PLAN"], FaultPlan)
    (tmp_path / "plan.json").write_text(
        re.findall(r"^```json\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)[0]
    )
    assert read_plan(tmp_path / "plan.json").faults[-1] == names["PLAN"].faults[-1]


def test_error_says_what_to_do_when_no_gateway_was_named(tmp_path: Path) -> None:
    # From a checkout the line is needed. It does no harm where the plugin is installed.
    (tmp_path / "test_none.py").write_text(
        f'pytest_plugins = ["{PLUGIN}"]\n\ndef test_it(local_gateway):\n    pass\n'
    )
    done = run_pytest(tmp_path)
    assert "local_gateway needs a fixture called unstarted_local_gateway" in done.stdout


IMPORTS = """
import sys, pytest
before = set(sys.modules)
import signalbox.testing.plugin as plugin
print(sorted(name for name in set(sys.modules) - before if not name.startswith("signalbox")))
print(sorted(name for name in vars(plugin) if not name.startswith("_")))
"""


def test_nothing_but_fixtures_is_loaded_when_pytest_finds_the_plugin() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    loaded, names = done.stdout.splitlines()
    assert loaded == "[]"
    assert names == str(
        ["TYPE_CHECKING", "annotations", "local_gateway", "local_run", "pytest", "unstarted_local_gateway"]
    )


def test_conversation_reads_like_starlettes(gateway: RunningGateway) -> None:
    with gateway.websocket_connect("/", subprotocols=["chat"], headers={"X-Who": "Ann"}) as socket:
        assert socket.accepted_subprotocol == "chat"
        socket.send_json({"a": [1]})
        assert socket.receive_json() == {"a": [1]}
        socket.send_text("plain")
        assert socket.receive_text() == "plain"


def test_posts_reach_the_connection_they_are_for(gateway: RunningGateway) -> None:
    with gateway.websocket_connect() as first, gateway.websocket_connect() as second:
        for socket in (first, second):
            socket.send_text("whoami")
            assert socket.receive_json() == socket.connection_id
        assert gateway.connections == [first.connection_id, second.connection_id]
        assert gateway.post(second.connection_id, {"for": "second"}) == 200
        assert gateway.post(first.connection_id, "for the first") == 200
        assert second.receive_json() == {"for": "second"}
        assert first.receive_text() == "for the first"
    assert gateway.post(first.connection_id, "late") == 410


def test_refused_handshake_has_its_status(gateway: RunningGateway) -> None:
    with pytest.raises(HandshakeRefused) as refused, gateway.websocket_connect(query={"status": "418"}):
        pass
    assert refused.value.status == 418


def test_disconnect_has_code_and_reason_when_a_connection_is_closed(gateway: RunningGateway) -> None:
    with gateway.websocket_connect() as socket:
        socket.close(4000, "enough")
        with pytest.raises(WebSocketDisconnect) as disconnected:
            socket.receive_text()
        assert (disconnected.value.code, disconnected.value.reason) == (4000, "enough")
        with pytest.raises(WebSocketDisconnect):
            socket.send_text("late")


def test_test_goes_on_when_nothing_arrives(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(FUNCTION)
    unstarted = LocalGateway("app.handler", Config(port=0, sandboxes=1, task_root=tmp_path))
    with running(unstarted, timeout=0.05) as impatient:
        # The first event waits for the function to be loaded.
        while True:
            try:
                with impatient.websocket_connect() as socket, pytest.raises(TimeoutError):
                    socket.receive_text()
                break
            except TimeoutError:
                continue


def test_start_that_fails_fails_the_test(gateway: RunningGateway) -> None:
    port = int(gateway.endpoint.split(":")[2].split("/")[0])
    with pytest.raises(PortTakenError), running(LocalGateway("app.handler", Config(port=port))):
        pass


def test_stages_of_a_template_are_met_at_their_paths() -> None:
    template = ROOT / "tests" / "local" / "templates" / "two_apis.yaml"
    with running(TemplateGateway(template, Config(port=0, sandboxes=1), {"Room": "attic"})) as gateway:
        with gateway.websocket_connect("/Audit/dev") as socket:
            assert gateway.post(socket.connection_id, {"hello": "auditor"}, "/Audit/dev") == 200
            assert socket.receive_json() == {"hello": "auditor"}
        with gateway.websocket_connect() as socket:
            assert gateway.post(socket.connection_id, "to another stage", "/Audit/dev") == 410
