"""What the documents say is true: examples run, links lead somewhere, the first screen is what one sees."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from signalbox.dev.run import _welcome
from signalbox.resolver import WebSocketResolver
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
MESSAGE = {
    "requestContext": {
        "routeKey": "$default",
        "eventType": "MESSAGE",
        "messageId": "m",
        "stage": "local",
        "connectedAt": 1,
        "requestTimeEpoch": 2,
        "identity": {"sourceIp": "127.0.0.1"},
        "requestId": "r",
        "domainName": "d",
        "connectionId": "c=",
        "apiId": "a",
        "authorizer": {"principalId": "user-1"},
    },
    "body": json.dumps({"action": "greet", "name": "Ann"}),
    "isBase64Encoded": False,
}


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document, re.DOTALL | re.MULTILINE)


def test_handler_of_the_first_example_answers_when_its_message_arrives() -> None:
    (example,) = blocks(README, "python")
    names: dict[str, Any] = {}
    exec(example, names)
    resolver = WebSocketResolver()
    resolver.include_router(names["router"])

    answer = resolver.resolve(MESSAGE, None)

    assert json.loads(answer["body"]) == {"type": "greeting", "text": "Hello Ann, you are user-1"}


def test_first_screen_shows_what_the_local_run_prints() -> None:
    gateway: Any = SimpleNamespace(
        page_url="http://127.0.0.1:3001/",
        websocket_url="ws://127.0.0.1:3001/local",
        endpoint="http://127.0.0.1:3001/local",
    )
    shown = blocks(README, "")[1]
    seconds = re.search(r"after ([\d.]+) s", shown)

    assert seconds
    assert shown.strip() == _welcome(gateway, float(seconds[1]), ".venv/bin/signalbox").strip()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_paths_lead_somewhere_when_followed(document: Path) -> None:
    text = document.read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    paths = re.findall(
        r"`((?:tests|docs|handlers|dev|client|publisher|connection_store|resolver)/[\w./-]+)`", text
    )

    missing = [link for link in links if not (document.parent / link).exists()]
    missing += [path for path in paths if not (ROOT / path).exists() and "greet" not in path]
    assert missing == []
