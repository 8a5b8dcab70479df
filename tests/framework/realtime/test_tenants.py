"""Two tenants whose users, channels and keys have the same names.

Covers signalbox.realtime.services.
"""

import ast
import asyncio
from typing import Any

import pytest

from signalbox.moment import Moment
from signalbox.publisher import Gone, Slice
from signalbox.realtime.sessions.endings import Endings
from tests.conftest import ROOT
from tests.framework.realtime.backend import NOW, Backend

TENANTS = ("", "acme", "rival")
SILENT = NOW + 1_300_000


def ann(tenant: str) -> dict[str, str]:
    return {"principalId": "ann", **({"tenant": tenant} if tenant else {})}


def of(tenant: str, number: int = 1) -> str:
    return f"{tenant}{number}="


@pytest.fixture
def town(backend: Backend) -> Backend:
    """In each tenant Ann, over two connections, on the same channel with one publication."""
    for tenant in TENANTS:
        for number in (1, 2):
            backend.connect(of(tenant, number), name=f"Ann of {tenant}", authorizer=ann(tenant))
            backend.subscribe(of(tenant, number), "room:1", authorizer=ann(tenant))
    backend.gateway.posts.clear()
    return backend


def send(backend: Backend, tenant: str, action: str, /, now: int = NOW, **fields: Any) -> Any:
    return backend.send(of(tenant), {"action": action, **fields}, now, authorizer=ann(tenant))


def hearing(backend: Backend) -> set[str]:
    return {connection_id for connection_id, _ in backend.gateway.posts}


@pytest.mark.parametrize("tenant", TENANTS)
def test_publication_stays_in_its_tenant(town: Backend, tenant: str) -> None:
    ack = send(town, tenant, "channel.publish", channel="room:1", data=tenant, key="k1")

    assert hearing(town) == {of(tenant, 1), of(tenant, 2)}
    histories = {each: send(town, each, "channel.history", channel="room:1") for each in TENANTS}
    assert [name for name, page in histories.items() if page["publications"]] == [tenant]
    assert len({page["position"]["epoch"] for page in histories.values()}) == 3
    for other in set(TENANTS) - {tenant}:
        again = send(town, other, "channel.publish", channel="room:1", data=other, key="k1")
        assert again["position"]["offset"] == ack["position"]["offset"] == 1
        since = {"channel": "room:1", "since": {**ack["position"], "offset": 0}}
        (answer,) = send(town, other, "channel.subscribe", channels=[since])["channels"]
        assert (answer["recovered"], answer["publications"]) == (False, [])


@pytest.mark.parametrize("tenant", TENANTS)
def test_people_of_a_tenant_see_and_reach_each_other_alone(town: Backend, tenant: str) -> None:
    who = send(town, tenant, "who")
    presence = send(town, tenant, "presence.get", channel="room:1")
    direct = send(town, tenant, "direct.send", to="ann", data=1)
    assert hearing(town) == {of(tenant, 1), of(tenant, 2)}
    everybody = send(town, tenant, "broadcast", data=1)

    assert hearing(town) == {of(tenant, 1), of(tenant, 2)}
    assert {each["name"] for each in who["people"]} == {f"Ann of {tenant}".strip()}
    assert (len(who["people"]), who["cursor"]) == (2, None)
    assert (presence["count"], len(presence["users"][0]["connections"])) == (1, 2)
    assert (direct["sent"], everybody["recipients"]) == (2, 2)


def test_cursor_of_another_tenant_leads_to_nobody_of_it(town: Backend) -> None:
    cursor = send(town, "acme", "who", limit=1)["cursor"]

    pages = send(town, "rival", "who", cursor=cursor)["people"]

    assert {each["name"] for each in pages} <= {"Ann of rival"}


def test_user_of_another_tenant_is_nobody(town: Backend) -> None:
    town.connect("b=", authorizer={"principalId": "bob", "tenant": "acme"})

    assert send(town, "rival", "direct.send", to="bob", data=1)["code"] == "not_found"
    assert send(town, "acme", "direct.send", to="bob", data=1)["sent"] == 1


@pytest.mark.parametrize("field", ["tenant", "partition", "authorizer", "principalId"])
def test_tenant_is_not_taken_from_the_body(town: Backend, field: str) -> None:
    message = {"action": "broadcast", "data": 1, field: "rival"}
    sent = town.send(of("acme"), message, authorizer=ann("acme"))

    assert sent["recipients"] == 2
    assert hearing(town) == {of("acme", 1), of("acme", 2)}


async def test_workers_keep_the_tenant_when_an_audience_is_large() -> None:
    backend = Backend(INLINE_RECIPIENTS="1")
    await backend.connections.init_table()
    for tenant in TENANTS:
        for number in (1, 2):
            backend.connect(of(tenant, number), authorizer=ann(tenant))
            backend.subscribe(of(tenant, number), "room:1", authorizer=ann(tenant))
    backend.gateway.posts.clear()

    assert send(backend, "acme", "broadcast", data=1)["queued"]
    assert send(backend, "acme", "channel.publish", channel="room:1", data=1)["delivery"] == "queued"
    slices = [Slice.from_text(each.to_text()) for each in backend.queue.slices]

    assert {each.tenant for each in slices} == {"acme"}
    for number, each in enumerate(slices):
        await backend.worker_of(each.tenant).process(each, f"m{number}", Moment(NOW, lambda: 9.0))
    assert hearing(backend) == {of("acme", 1), of("acme", 2)}


async def test_leaving_is_told_in_ones_own_tenant(town: Backend) -> None:
    town.disconnect(of("acme", 2), authorizer=ann("acme"))

    assert hearing(town) == {of("acme", 1)}
    left = [each.connection_id async for each in town.services.of("acme").connections.stream(now=NOW)]
    assert left == [of("acme", 1)]
    everybody = [each async for each in town.services.of("rival").connections.stream(now=NOW)]
    assert len(everybody) == 2


def test_one_sweep_ends_those_of_every_tenant_and_tells_each_its_own(town: Backend) -> None:
    for tenant in TENANTS:
        send(town, tenant, "ping", now=SILENT - 60_000)
    town.gateway.posts.clear()

    endings: Endings = town.services.endings
    assert asyncio.run(endings.sweep(Moment(SILENT, lambda: 9.0))) == 3

    told = {
        connection_id: [(each["type"], each["connection"]["name"]) for each in frames]
        for connection_id in map(of, TENANTS)
        if (frames := town.frames_to(connection_id))
    }
    assert told == {of(tenant): [("presence.left", f"Ann of {tenant}".strip())] for tenant in TENANTS}


async def test_row_of_ones_own_tenant_goes_when_somebody_is_gone(town: Backend) -> None:
    town.gateway.script(of("acme", 2), Gone())

    send(town, "acme", "broadcast", now=NOW + 60_000, data=1)

    left = {
        tenant: [each.connection_id async for each in town.services.of(tenant).connections.stream(now=NOW)]
        for tenant in TENANTS
    }
    assert left == {each: [of(each, 1), of(each, 2)][: 1 if each == "acme" else 2] for each in TENANTS}


async def test_every_row_of_a_tenant_says_whose_it_is(backend: Backend) -> None:
    backend.connect("a=", authorizer=ann("acme"))
    backend.subscribe("a=", "room:1", authorizer=ann("acme"))
    backend.send(
        "a=",
        {"action": "channel.publish", "channel": "room:1", "data": 1, "key": "k"},
        authorizer=ann("acme"),
    )

    items = backend.items()

    kinds = {each["pk"]["S"].partition("#")[0] for each in items}
    assert kinds >= {"conns", "acme/user", "acme/subs", "acme/chan", "acme/hist", "acme/seen"}
    assert {each["sk"]["S"] for each in items if each["pk"]["S"].startswith("conns#")} == {"~acme/a="}
    assert all(kind == "conns" or kind.startswith("acme/") for kind in kinds)


def test_message_costs_as_much_in_a_tenant_as_in_none(town: Backend) -> None:
    costs = []
    for tenant in TENANTS:
        town.meter.requests.clear()
        send(town, tenant, "ping")
        send(town, tenant, "who")
        send(town, tenant, "broadcast", data=1)
        send(town, tenant, "channel.publish", channel="room:1", data=1, key="k")
        send(town, tenant, "presence.get", channel="room:1")
        costs.append(dict(town.meter.requests))

    assert costs[0] == costs[1] == costs[2]


def test_parts_of_the_table_are_opened_where_the_tenant_is_known_and_nowhere_else() -> None:
    kinds = {
        "ConnectionManager",
        "Subscriptions",
        "History",
        "Presence",
        "QueuedBroadcasts",
        "Lifetimes",
        "Allowances",
    }
    opened = {
        path.name
        for path in (ROOT / "signalbox" / "realtime").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in kinds
    }

    assert opened == {"services.py"}


def test_same_services_are_there_when_a_tenant_comes_again(backend: Backend) -> None:
    assert (
        backend.services.of("acme") is backend.services.of("acme") is backend.services.of("rival").of("acme")
    )
    assert backend.services.of("") is backend.services
