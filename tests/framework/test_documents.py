"""What the documents say is true: examples run, links lead somewhere, the first screen is what one sees."""

import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from signalbox import Application
from signalbox.dev.run import _welcome
from signalbox.testing import Backend
from tests.conftest import ROOT
from tests.documents import apply_edit, read_blocks, section

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


@pytest.mark.parametrize("title", ["A handler", "A channel kind"])
def test_edits_fit_into_the_application_when_done_as_the_readme_says(title: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "handlers", tmp_path / "handlers")
    edits = [block for block in read_blocks(section(README, title)) if block.language in ("diff", "python")]

    for edit in edits:
        apply_edit(edit, tmp_path)

    files = (file.relative_to(tmp_path) for file in tmp_path.rglob("*.py"))
    changed = {file.as_posix() for file in files if differs(tmp_path / file, ROOT / file)}
    assert changed == {block.file for block in edits}


def differs(file: Path, original: Path) -> bool:
    return not original.exists() or original.read_bytes() != file.read_bytes()


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
