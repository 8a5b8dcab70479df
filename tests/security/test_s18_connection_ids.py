"""S18: no client names a connection, and none learns the id of another."""

import ast
import inspect
from pathlib import Path
from typing import Any

from signalbox import protocol
from signalbox.protocol.frames import Frame, Request
from tests.framework.realtime.backend import Backend

ROUTES = Path(__file__).parents[2] / "signalbox" / "realtime" / "routes"
OURS = {"event", "context.event", "connection", "current_connection(context)"}
"""Where a handler may have a connection id from: the event, and the row that was found by it."""

IDS = [f"Jc{number:02}fXaGIAMCKtest=" for number in range(12)]


def models(kind: type) -> list[Any]:
    return [each for _, each in inspect.getmembers(protocol, inspect.isclass) if issubclass(each, kind)]


def test_s18_no_message_and_no_frame_has_a_place_for_a_connection_id() -> None:
    for model in (*models(Request), *models(Frame)):
        names = {name.lower() for name in _names(model.model_json_schema())}
        assert not {name for name in names if "connection" in name} - {"connection", "connections"}, model
        assert not names & {"connectionid", "recipient", "recipients_ids", "reply_to"}


def test_s18_line_of_a_user_is_no_connection_id() -> None:
    assert set(protocol.PresentConnection.model_fields) == {"name", "connected_at"}


def test_s18_routes_take_connection_ids_from_the_event_alone() -> None:
    found = 0
    for path in ROUTES.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "connection_id":
                found += 1
                assert ast.unparse(node.value) in OURS, f"{path.name}:{node.lineno}"
            if isinstance(node, ast.arg):
                assert node.arg != "connection_id", f"{path.name}:{node.lineno}"
    assert found


def test_s18_nobody_learns_the_id_of_a_connection(backend: Backend) -> None:
    for id_ in IDS:
        backend.connect(id_)
        backend.subscribe(id_, "room:1")
    backend.publish(IDS[0], "room:1", 1)
    backend.disconnect(IDS[-1])
    said: list[Any] = [
        backend.send(IDS[0], {"action": "presence.get", "channel": "room:1"}),
        backend.send(IDS[0], {"action": "direct.send", "to": backend.user_of(IDS[1]), "data": 1}),
        backend.send(IDS[0], {"action": "broadcast", "data": 1}),
        *(backend.send(IDS[0], {"action": action}) for action in ("hello", "whoami")),
    ]
    people, cursor = [], None
    for _ in range(20):
        page = backend.send(IDS[0], {"action": "who", "limit": 1, "cursor": cursor})
        people += page["people"]
        said.append(page)
        if (cursor := page["cursor"]) is None:
            break

    heard = [frame for id_ in IDS for frame in backend.frames_to(id_)]
    assert len(people) == len(IDS) - 1
    assert {frame["type"] for frame in heard} >= {
        "message",
        "publication",
        "presence.joined",
        "presence.left",
    }
    assert not [id_ for id_ in IDS for frame in (*said, *heard) if id_ in str(frame)]


def test_s18_connection_id_is_nobodys_address(backend: Backend) -> None:
    backend.connect("a=")
    backend.connect("b=")

    assert backend.send("a=", {"action": "direct.send", "to": "b=", "data": 1})["code"] == "not_found"
    forged = {"action": "who", "cursor": "7:b="}
    assert "b=" not in str(backend.send("a=", forged))


def _names(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {name for each in schema for name in _names(each)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", {}))
    return own | {name for each in schema.values() for name in _names(each)}
