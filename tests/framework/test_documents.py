"""What the documents say is true: examples run, links lead somewhere, the first screen is what one sees."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from signalbox import Application
from signalbox.dev.run import _welcome
from signalbox.testing import Backend
from tests.conftest import ROOT
from tests.documents import read_blocks, section

README = (ROOT / "README.md").read_text()
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]


def test_handler_of_the_first_example_answers_when_its_message_arrives() -> None:
    (example,) = (block for block in read_blocks(section(README, "A handler")) if block.language == "python")
    names: dict[str, Any] = {}
    exec(example.code, names)
    app = Application(namespaces={})
    app.include_router(names["router"])

    answer = Backend(app).connect("user-1").send("greet", name="Ann")

    assert answer == {"type": "greeting", "text": "Hello Ann, you are user-1"}


def test_first_screen_shows_what_the_local_run_prints() -> None:
    gateway: Any = SimpleNamespace(
        page_url="http://127.0.0.1:3001/",
        websocket_url="ws://127.0.0.1:3001/local",
        endpoint="http://127.0.0.1:3001/local",
    )
    shown = list(read_blocks(README))[1].code
    seconds = re.search(r"after ([\d.]+) s", shown)

    assert seconds
    assert shown.strip() == _welcome(gateway, float(seconds[1]), ".venv/bin/signalbox").strip()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_paths_lead_somewhere_when_followed(document: Path) -> None:
    text = document.read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    made = {block.file for block in read_blocks(text) if block.language == "python"}
    paths = re.findall(r"`((?:tests|docs|examples|handlers|cdk|signalbox|connection_store)/[\w./-]+)`", text)

    missing = [link for link in links if not (document.parent / link).exists()]
    places = (ROOT, document.parent)
    missing += [path for path in {*paths} - made if not any((place / path).exists() for place in places)]
    assert missing == []
