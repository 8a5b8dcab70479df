import asyncio
import re
from typing import Any

import pytest

from connection_store import StoreBusyError, Table
from connection_store.requests import Update
from signalbox.identity.minting import mint_ticket
from signalbox.moment import Moment
from tests.conftest import ROOT
from tests.framework.application import app
from tests.framework.identity.handshakes import TICKET_SECRET
from tests.framework.realtime.backend import NOW, SETTINGS, Backend

ANN = {"principalId": "ann"}
LOGGED_OUT = {"v": 1, "type": "disconnect", "code": "logged_out", "reconnect": False}


def close_user(backend: Backend, user_id: str = "ann", now: int = NOW + 1) -> int:
    return asyncio.run(backend.services.logins.close_user(user_id, Moment(now, lambda: 60.0)))


@pytest.fixture
def tabs(backend: Backend) -> Backend:
    """Three of Ann's and one of Bob's, on a channel."""
    for letter, who in (("a", ANN), ("b", ANN), ("c", ANN), ("d", {"principalId": "bob"})):
        backend.connect(f"{letter}=", authorizer=who)
        backend.subscribe(f"{letter}=", "room:1", authorizer=who)
    backend.gateway.posts.clear()
    return backend


def test_all_are_told_and_closed_before_others_hear_of_it(tabs: Backend) -> None:
    assert close_user(tabs) == 3

    assert [tabs.frames_to(id_) for id_ in ("a=", "b=", "c=")] == [[LOGGED_OUT]] * 3
    assert sorted(tabs.gateway.closed) == ["a=", "b=", "c="]
    assert [to for to, _ in tabs.gateway.posts] == ["a=", "b=", "c=", "d=", "d=", "d="]
    assert {frame["type"] for frame in tabs.frames_to("d=")} == {"presence.left"}
    assert close_user(tabs) == 0


def test_nobody_of_theirs_may_come_or_speak_after_a_logout(tabs: Backend) -> None:
    close_user(tabs)

    assert tabs.send("a=", {"action": "ping"}, NOW + 1, authorizer=ANN)["code"] == "connection_gone"
    assert tabs.connect("e=", authorizer=ANN, now=NOW + 1) == {"statusCode": 401}
    stolen = {**ANN, "issued_at": str(NOW // 1000 - 60)}
    assert tabs.connect("e=", authorizer=stolen, now=NOW + 60_000) == {"statusCode": 401}
    fresh = {**ANN, "issued_at": str(NOW // 1000 + 60)}
    assert tabs.connect("e=", authorizer=fresh, now=NOW + 61_000) == {"statusCode": 200}


def test_user_of_the_same_name_stays_when_their_tenant_is_another(backend: Backend) -> None:
    backend.connect("a=", authorizer={**ANN, "tenant": "acme"})

    assert close_user(backend) == 0
    assert backend.connect("b=", authorizer={**ANN, "tenant": "acme"}) == {"statusCode": 200}


def test_next_sweep_does_the_rest_when_others_could_not_be_told(
    tabs: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise StoreBusyError("throttled")
        yield

    with monkeypatch.context() as broken:
        broken.setattr("connection_store.Subscriptions.subscribers", fail)
        with pytest.raises(StoreBusyError):
            close_user(tabs)
    assert sorted(tabs.gateway.closed) == ["a=", "b=", "c="]
    assert asyncio.run(tabs.services.endings.sweep(Moment(NOW + 60_000, lambda: 60.0))) == 3

    assert {frame["type"] for frame in tabs.frames_to("d=")} == {"presence.left"}


def test_others_are_logged_out_when_one_could_not_be_and_all_of_them_when_it_is_repeated(
    tabs: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = Table.update

    async def fail(self: Table, update_: Update, **options: Any) -> Any:
        if update_.key.sk == "b=":
            raise StoreBusyError("throttled")
        return await update(self, update_, **options)

    with monkeypatch.context() as broken:
        broken.setattr(Table, "update", fail)
        with pytest.raises(StoreBusyError):
            close_user(tabs)

    assert [tabs.frames_to(id_) for id_ in ("a=", "c=")] == [[LOGGED_OUT]] * 2
    assert sorted(tabs.gateway.closed) == ["a=", "c="]
    assert [frame["type"] for frame in tabs.frames_to("d=")] == ["presence.left"] * 2
    assert close_user(tabs, now=NOW + 2) == 1
    assert tabs.frames_to("b=")[-1] == LOGGED_OUT
    assert tabs.gateway.closed[-1] == "b="
    assert tabs.send("b=", {"action": "ping"}, NOW + 2, authorizer=ANN)["code"] == "connection_gone"


def test_refresh_is_refused_and_the_ticket_kept_when_no_row_has_room_for_its_roles() -> None:
    backend = Backend(TICKET_SECRET=TICKET_SECRET)
    asyncio.run(backend.connections.init_table())
    backend.connect("a=", authorizer=ANN)
    ticket = mint_ticket(TICKET_SECRET, "ann", now=NOW, roles=["x" * 256])

    answer = backend.send("a=", {"action": "auth.refresh", "ticket": ticket}, authorizer=ANN)

    assert answer["code"] == "unauthorized"
    rows = backend.items()
    assert not [row for row in rows if row["pk"]["S"].startswith("ticket#")]


def test_refresh_may_be_tried_again_when_the_secret_is_out_of_reach() -> None:
    backend = Backend(TICKET_SECRET="arn:aws:secretsmanager:us-east-1:123456789012:secret:tickets")
    asyncio.run(backend.connections.init_table())
    backend.connect("a=", authorizer=ANN)
    ticket = mint_ticket(TICKET_SECRET, "ann", now=NOW)

    answer = backend.send("a=", {"action": "auth.refresh", "ticket": ticket}, authorizer=ANN)

    assert (answer["code"], answer["retry"]) == ("unavailable", True)


@pytest.mark.parametrize("ticket", ["", "x" * 8_193, None, 7])
def test_ticket_is_not_repeated_when_it_cannot_be_one(backend: Backend, ticket: Any) -> None:
    backend.connect("a=", authorizer=ANN)

    answer = backend.send("a=", {"action": "auth.refresh", "ticket": ticket}, authorizer=ANN)

    assert answer["code"] == "invalid_message"
    assert [each["field"] for each in answer["fields"]] == ["ticket"]


def test_documented_logout_is_one(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    backend.lend_table(monkeypatch)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    document = (ROOT / "docs" / "authentication.md").read_text()
    (example,) = re.findall(r"```python\nfrom handlers.application import app\n(.*?)```", document, re.DOTALL)

    exec(example, {"app": app})

    early = {**ANN, "issued_at": str(NOW // 1000)}
    assert backend.connect("a=", authorizer=early) == {"statusCode": 401}
