"""The table of examples/tickets, as its page adds it: granted to the functions, and used by a store."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.infrastructure.requirements import need_node

need_node()

from aws_cdk import App
from aws_cdk import assertions as cdk_assertions
from aws_cdk import aws_lambda as lambda_

from cdk.stack import RealtimeStack
from signalbox.constructs.deployment import DeploymentSettings
from signalbox.constructs.stage import Stage
from tests.infrastructure.templates import Template

PAGE = (ROOT / "examples" / "tickets" / "README.md").read_text()
IMPORT, LINES, STORE, CHOICE = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
LONGEST = 110 - 8
"""Characters of a line inside `__init__`."""


def test_functions_may_store_tickets_when_the_stack_has_the_five_lines(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "handlers.py").touch()
    settings = {
        "name": "dev",
        "application": "tickets",
        "origins": ["https://app.example.com"],
        "throttle": {"rate": 500, "burst": 250},
    }
    code = dict.fromkeys(("websocket", "authorizer"), lambda_.Code.from_asset(str(tmp_path / "code")))
    app = App(outdir=str(tmp_path / "cdk.out"))
    stack = RealtimeStack(app, DeploymentSettings(Stage.model_validate(settings), code))

    exec(IMPORT + LINES, {"self": stack})

    template = Template(dict(cdk_assertions.Template.from_stack(stack).to_json()))
    _, websocket = template.function("handlers.websocket.handler")
    (table,) = template.of("DynamoDB::GlobalTable")
    assert websocket["Environment"]["Variables"]["TICKETS_TABLE"] == {"Ref": table}
    granted = [each for each in template.statements("handlers.websocket.handler") if table in str(each)]
    assert [each["Action"] for each in granted] == ["dynamodb:PutItem"]


def test_lines_fit_into_the_stack_when_counted() -> None:
    assert len(LINES.splitlines()) == 5
    assert max(map(len, LINES.splitlines())) <= LONGEST


async def test_ticket_is_an_item_when_it_is_kept_in_a_table() -> None:
    names: dict[str, Any] = {}
    exec((ROOT / "examples" / "tickets" / "handlers" / "tickets.py").read_text() + STORE, names)
    table = FakeTable([])

    ticket = await names["TableTickets"](table).create("ann", "No sound")

    assert table.items == [{"id": ticket.id, "user_id": "ann", "subject": "No sound"}]


def test_memory_is_kept_when_no_table_is_set() -> None:
    service, chosen = FakeServices(), dict.fromkeys(("TableTickets", "boto3"))
    names = {**chosen, "self": service, "settings": service, "MemoryTickets": lambda: "memory"}

    exec(CHOICE, names)

    assert service.tickets == "memory"


@dataclass
class FakeTable:
    """A table that remembers what was put."""

    items: list[dict[str, str]]

    def put_item(self, *, Item: dict[str, str]) -> None:  # noqa: N803 boto3's name
        self.items.append(Item)


@dataclass
class FakeServices:
    """As much of Services and Settings as the choice touches."""

    tickets: Any = None
    tickets_table: str = ""
