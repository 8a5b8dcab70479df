"""What works away from the repository, with nothing but the wheel and its extras."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tests.install.conftest import Built, Installation
from tests.install.test_wheel import contents

pytestmark = pytest.mark.xdist_group("installed")  # one worker makes one environment

TEN_LINES = """\
from signalbox.resolver import WebSocketResolver

app = WebSocketResolver()


@app.on_message("greet")
def greet(body: dict[str, str]) -> dict[str, str]:
    return {"type": "greeting", "text": f"Hello {body['name']}"}


handler = app.resolve
"""

A_TEST = """\
import pytest

from signalbox.gateway import Config, LocalGateway


@pytest.fixture
def unstarted_local_gateway():
    return LocalGateway("greetings.handler", Config(port=0))


def test_somebody_is_greeted(local_gateway):
    with local_gateway.websocket_connect() as session:
        session.send_json({"action": "greet", "name": "Ann"})
        assert session.receive_json()["text"] == "Hello Ann"
"""


@pytest.fixture(scope="module")
def greetings(installed: Installation) -> Path:
    folder = installed.folder / "greetings"
    folder.mkdir()
    (folder / "greetings.py").write_text(TEN_LINES)
    (folder / "test_greetings.py").write_text(A_TEST)
    return folder


@pytest.fixture(scope="module")
def demo(installed: Installation) -> Path:
    installed.run("signalbox", "new", "demo")
    return installed.folder / "demo"


def test_every_verb_explains_itself_when_installed(installed: Installation) -> None:
    """In one process: each import of a verb's module must work away from the repository."""
    program = dedent("""
        import contextlib, sys
        from signalbox.cli import VERBS, main
        for verb, *_ in VERBS:
            with contextlib.suppress(SystemExit):
                main([verb, "--help"])
    """)
    shown = installed.run("python", "-c", program)

    assert re.findall("^usage: signalbox ([a-z]+)", shown, re.MULTILINE) == [
        "new",
        "dev",
        "gateway",
        "client",
        "token",
        "load",
        "cost",
        "upgrade",
    ]


def test_ten_lines_answer_the_command_line_when_behind_the_gateway(
    installed: Installation, greetings: Path
) -> None:
    with installed.started(
        *(str(installed.bin / "signalbox"), "gateway", "--handler", "greetings.handler", "--port", "0"),
        until="page    ",
        cwd=greetings,
    ) as printed:
        (url,) = re.findall(r"^WebSocket +(\S+)", printed, re.MULTILINE)
        answer = installed.run("signalbox", "client", url, text='{"action": "greet", "name": "Ann"}\n')

    assert json.loads(answer)["text"] == "Hello Ann"


def test_plugin_is_found_when_pytest_starts(installed: Installation, greetings: Path) -> None:
    printed = installed.run("python", "-m", "pytest", "-q", cwd=greetings)

    assert "1 passed" in printed


def test_framework_comes_along_when_an_application_is_written(built: Built, demo: Path) -> None:
    (wheel,) = (demo / "vendor").iterdir()
    record = next(name for name in contents(wheel) if name.endswith("/RECORD"))
    made, released = contents(wheel), contents(built.wheel)

    assert wheel.name == built.wheel.name
    assert {name: made[name] for name in made if name != record} == {
        name: released[name] for name in released if name != record
    }
    assert sorted(made[record].splitlines()) == sorted(released[record].splitlines())


def test_tests_pass_when_an_application_is_new(installed: Installation, demo: Path) -> None:
    printed = installed.run("make", "test", cwd=demo)

    assert re.search(r"\d+ passed", printed)
    assert not re.search(r"failed|error|skipped", printed)


@pytest.fixture(scope="module")
def running(installed: Installation, demo: Path) -> Iterator[str]:
    ready = "Ctrl-C stops everything"
    with installed.started("make", "dev", "ARGS=--port 0", until=ready, cwd=demo) as printed:
        yield printed


def test_application_answers_when_it_is_run_as_the_readme_says(
    installed: Installation, running: str, demo: Path
) -> None:
    (url,) = re.findall(r"WebSocket +(\S+)", running)
    answer = installed.run("signalbox", "client", url, text='{"action": "whoami"}\n')

    assert json.loads(answer)["type"] == "whoami"
    assert [path.name for path in (demo / "build").glob("engine-*.log")] == ["engine-0.log"]


def test_page_has_the_browser_client_when_run_from_a_wheel(installed: Installation, running: str) -> None:
    (page,) = re.findall(r"page +(\S+)", running)
    program = f"import urllib.request as u; print(u.urlopen('{page}realtime/realtime.js').status)"

    assert installed.run("python", "-c", program) == "200\n"


def test_nothing_differs_when_an_application_is_compared_with_its_own_version(
    installed: Installation, demo: Path
) -> None:
    assert "No file differs." in installed.run("signalbox", "upgrade", cwd=demo)
