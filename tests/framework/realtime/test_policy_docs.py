"""docs/authorization.md: its tables are the policy's, its examples run."""

import asyncio
import re
from typing import Any

import pytest

from signalbox.realtime.settings import RealtimeSettings
from tests.conftest import ROOT
from tests.framework.application import ROUTES, app
from tests.framework.realtime.backend import NOW, SETTINGS, Backend

DOCUMENT = (ROOT / "docs" / "authorization.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)


def test_table_of_messages_is_the_policys() -> None:
    table = DOCUMENT.partition("## Messages")[2].partition("\nA message about")[0]
    rows = re.findall(r"^\| `(\S+)` \| (.+) \|$", table, re.MULTILINE)

    assert dict(rows) == {
        route: " ".join(f"`{role}`" for role in sorted(roles)) for route, roles in ROUTES.items()
    }


def test_example_of_other_roles_lets_users_in() -> None:
    names: dict[str, Any] = {}
    exec(EXAMPLES[0], names)
    backend = Backend(names["app"], DEMO="false")
    ann = {"principalId": "ann"}
    asyncio.run(backend.connections.init_table())
    backend.connect("a=", authorizer=ann)

    assert backend.send("a=", {"action": "who"}, authorizer=ann)["type"] == "who"


def test_example_of_an_own_channel_is_true() -> None:
    exec(EXAMPLES[1], {})


def test_example_of_roles_that_change_is_a_method_of_the_publisher(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.lend_table(monkeypatch)
    backend.connect("a=", authorizer={"principalId": "ann", "tenant": "acme"})
    backend.connect("b=", authorizer={"principalId": "ann"})
    settings = RealtimeSettings.from_environment(SETTINGS)
    publisher = app.blocking_publisher(settings=settings, tenant="acme", clock=lambda: NOW)
    example = EXAMPLES[2].partition("publisher = app.blocking_publisher()\n")[2]

    exec(example, {"publisher": publisher})

    told = [
        backend.send(f"{letter}=", {"action": "broadcast", "data": 1}, authorizer=authorizer)
        for letter, authorizer in (
            ("a", {"principalId": "ann", "tenant": "acme"}),
            ("b", {"principalId": "ann"}),
        )
    ]
    assert [each["recipients"] for each in told] == [1, 1]
    rows = backend.items()
    roles = {row["sk"]["S"]: row.get("user_roles", {}).get("S") for row in rows if "last_seen" in row}
    assert roles == {"~acme/a=": '["writer"]', "b=": None}
