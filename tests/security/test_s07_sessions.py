"""S07: a session ends when it ends, or at once; only its own user makes it last longer.

Covers signalbox.realtime.routes.session.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest

from signalbox import Application, Namespace
from signalbox.identity.minting import mint_ticket
from signalbox.moment import Moment
from signalbox.publisher import Slice
from tests.framework.application import NAMESPACES
from tests.framework.identity.handshakes import TICKET_SECRET, lines, listening
from tests.framework.realtime.backend import NOW, Backend
from tests.security.bit_flips import flipped
from tests.security.conftest import PAGE

SECONDS = NOW // 1000
ENDS = NOW + 600_000
LATER = NOW + 3_600_000
ROOM = "room:1"


def caller(user_id: str = "ann", ends: int | None = ENDS, **context: str) -> dict[str, str]:
    """What the authorizer says of them with every event."""
    expires = {} if ends is None else {"expires_at": str(ends // 1000)}
    return {"principalId": user_id, **expires, **context}


ANN, BOB = caller(), caller("bob", None)


@pytest.fixture
def backend() -> Backend:
    """Ann, whose session ends in ten minutes, and Bob on a channel."""
    backend = Backend(TICKET_SECRET=TICKET_SECRET)
    asyncio.run(backend.connections.init_table())
    for connection_id, who in (("ann=", ANN), ("bob=", BOB)):
        backend.connect(connection_id, authorizer=who)
        backend.subscribe(connection_id, ROOM, authorizer=who)
    backend.gateway.posts.clear()
    return backend


def say_everything(backend: Backend, now: int) -> None:
    """Bob sends Ann all one can send."""
    for message in (
        {"action": "broadcast", "data": 1},
        {"action": "direct.send", "to": "ann", "data": 1},
        {"action": "channel.publish", "channel": ROOM, "data": 1},
    ):
        backend.send("bob=", message, now, authorizer=BOB)


def heard(backend: Backend, connection_id: str) -> list[str]:
    return [frame["type"] for frame in backend.frames_to(connection_id)]


def sweep(backend: Backend, now: int) -> int:
    return asyncio.run(backend.services.endings.sweep(Moment(now, lambda: 60.0)))


def stay_awake(backend: Backend, until: int) -> None:
    for now in range(NOW, until, 60_000):
        for connection_id, who in (("ann=", ANN), ("bob=", BOB)):
            backend.send(connection_id, {"action": "ping"}, now, authorizer=who)


def refresh(
    backend: Backend, ticket: str, now: int = NOW, who: Mapping[str, str] = ANN, over: str = "ann="
) -> Any:
    return backend.send(over, {"action": "auth.refresh", "ticket": ticket}, now, authorizer=who)


def ticket(user_id: str = "ann", now: int = NOW, **options: Any) -> str:
    return mint_ticket(TICKET_SECRET, user_id, now=now, origin=PAGE, **{"session_ends": LATER, **options})


def test_s07_nothing_reaches_a_session_that_has_ended(backend: Backend) -> None:
    say_everything(backend, ENDS - 1)
    assert heard(backend, "ann=") == ["message", "message", "publication"]
    backend.gateway.posts.clear()

    say_everything(backend, ENDS)

    assert heard(backend, "ann=") == []
    assert heard(backend, "bob=") == ["message", "publication"]
    assert backend.send("ann=", {"action": "ping"}, ENDS, authorizer=ANN)["code"] == "connection_gone"
    assert refresh(backend, ticket(now=ENDS), ENDS)["code"] == "connection_gone"


def test_s07_workers_serve_no_session_that_ended_while_the_frame_waited() -> None:
    backend = Backend(INLINE_RECIPIENTS="1")
    asyncio.run(backend.connections.init_table())
    backend.connect("ann=", authorizer=ANN)
    backend.connect("bob=", authorizer=BOB)
    backend.send("bob=", {"action": "broadcast", "data": 1}, ENDS - 1, authorizer=BOB)

    async def work(slices: list[Slice]) -> None:
        for number, slice_ in enumerate(slices):
            await backend.worker.process(slice_, f"m-{number}", Moment(ENDS, lambda: 60.0))

    asyncio.run(work(backend.queue.slices))

    assert heard(backend, "ann=") == []
    assert heard(backend, "bob=") == ["message", "broadcast.report"]


def test_s07_session_is_warned_each_minute_then_told_and_closed(backend: Backend) -> None:
    stay_awake(backend, ENDS)
    swept = {}
    for before in range(300_000, -60_000, -60_000):
        backend.gateway.posts.clear()
        sweep(backend, ENDS - before)
        swept[before // 1_000] = backend.frames_to("ann=")

    warning = [{"v": 1, "type": "session.expiring", "within": 180}]
    end = [{"v": 1, "type": "disconnect", "code": "expired", "reconnect": True}]
    assert swept == {300: [], 240: [], 180: warning, 120: warning, 60: warning, 0: end}
    assert backend.gateway.closed == ["ann="]
    assert heard(backend, "bob=") == ["presence.left"]
    assert sweep(backend, ENDS) == 0


def test_s07_tenants_sessions_are_warned_and_closed_too(backend: Backend) -> None:
    theirs = caller(tenant="acme")
    backend.connect("eve=", authorizer=theirs, now=ENDS - 180_000)

    sweep(backend, ENDS - 120_000)
    sweep(backend, ENDS)

    assert heard(backend, "eve=") == ["session.expiring", "disconnect"]


def test_s07_session_lasts_longer_when_it_is_refreshed(backend: Backend) -> None:
    answer = refresh(backend, ticket())

    assert answer == {"v": 1, "type": "auth.refreshed", "expires_at": LATER // 1000}
    me = backend.send("ann=", {"action": "whoami"}, ENDS, authorizer=ANN)
    assert me["expires_at"] == LATER // 1000
    say_everything(backend, ENDS)
    assert heard(backend, "ann=") == ["message", "message", "publication"]
    assert sweep(backend, ENDS) == 0
    assert "session.expiring" not in heard(backend, "ann=")


@pytest.mark.parametrize("session_ends", [None, NOW + 10**9])
def test_s07_no_session_outlasts_two_hours(backend: Backend, session_ends: int | None) -> None:
    assert refresh(backend, ticket(session_ends=session_ends))["expires_at"] == SECONDS + 7_500


def forged(**claims: Any) -> str:
    whole = {
        "aud": "ticket",
        "sub": "ann",
        "jti": "x" * 22,
        "exp": SECONDS + 30,
        "session_ends": LATER // 1000,
    }
    return jwt.encode({**whole, **claims}, TICKET_SECRET, "HS256")


REFUSED: dict[str, Callable[[], str]] = {
    "other_subject": lambda: ticket("bob"),
    "other_subject, by its tenant": lambda: ticket(tenant="acme"),
    "expired": lambda: ticket(now=NOW - 30_000),
    "expired, the session": lambda: ticket(session_ends=NOW),
    "lives_too_long": lambda: forged(exp=SECONDS + 61),
    "wrong_audience": lambda: forged(aud="chat"),
    "missing_claim": lambda: jwt.encode({"aud": "ticket"}, TICKET_SECRET, "HS256"),
    "wrong_claim": lambda: forged(session_ends="never"),
    "wrong_claim, a guest's": lambda: forged(sub="guest-1"),
    "wrong_signature": lambda: jwt.encode({"aud": "ticket"}, "x" * 32, "HS256"),
    "wrong_algorithm": lambda: jwt.encode({"aud": "ticket"}, TICKET_SECRET * 2, "HS512"),
    "wrong_algorithm, none": lambda: f"eyJhbGciOiJub25lIn0.e30.{'A' * 43}",
    "malformed_credentials": lambda: "not a ticket",
}


@pytest.mark.parametrize("case", REFUSED)
def test_s07_session_is_as_long_as_before_when_the_ticket_is_not_quite_right(
    backend: Backend, case: str
) -> None:
    with listening() as log:
        answer = refresh(backend, REFUSED[case]())

    assert answer == {
        "type": "error",
        "code": "unauthorized",
        "retry": False,
        "request_id": answer["request_id"],
    }
    reasons = [line["outcome"] for line in lines(log) if line["message"] == "refresh"]
    assert reasons == [case.partition(",")[0]]
    assert backend.send("ann=", {"action": "whoami"}, authorizer=ANN)["expires_at"] == ENDS // 1000
    assert refresh(backend, ticket())["type"] == "auth.refreshed"


def test_s07_ticket_is_refused_when_any_bit_of_it_is_another() -> None:
    backend = Backend(TICKET_SECRET=TICKET_SECRET, MESSAGE_BURST="10000", SEND_BURST="10000")
    asyncio.run(backend.connections.init_table())
    backend.connect("ann=", authorizer=ANN)
    good = ticket()

    answers = {refresh(backend, other)["code"] for other in list(flipped(good))[::7]}

    assert answers == {"unauthorized"}
    assert refresh(backend, good)["type"] == "auth.refreshed"


def test_s07_ticket_refreshes_one_connection_and_again_only_that(backend: Backend) -> None:
    backend.connect("tab=", authorizer=ANN)
    good = ticket()

    assert refresh(backend, good)["type"] == "auth.refreshed"
    assert refresh(backend, good)["type"] == "auth.refreshed"
    assert refresh(backend, good, over="tab=")["code"] == "unauthorized"


def test_s07_ticket_from_before_a_logout_refreshes_no_later_login(backend: Backend) -> None:
    early, later = ticket(roles=["admin"]), NOW + 2_000
    asyncio.run(backend.services.logins.close_user("ann", Moment(NOW + 1, lambda: 60.0)))
    again = caller(issued_at=str(later // 1_000))
    backend.connect("tab=", authorizer=again, now=later)

    assert refresh(backend, early, later, again, "tab=")["code"] == "unauthorized"
    connection = asyncio.run(backend.connections.get_connection("tab=", now=later))
    assert connection is not None
    assert connection.roles is None
    assert refresh(backend, ticket(now=later), later, again, "tab=")["type"] == "auth.refreshed"


def test_s07_nobody_is_refreshed_where_there_are_no_tickets() -> None:
    backend = Backend()
    asyncio.run(backend.connections.init_table())
    backend.connect("ann=", authorizer=ANN)

    assert refresh(backend, ticket())["code"] == "unauthorized"


def test_s07_guest_stays_a_guest(backend: Backend) -> None:
    backend.connect("guest=")

    answer = backend.send("guest=", {"action": "auth.refresh", "ticket": ticket()})
    assert answer["code"] == "unauthorized"


def test_s07_roles_are_those_of_the_new_ticket(backend: Backend) -> None:
    backend.connect("c=", authorizer=caller(roles='["admin"]'))
    refresh(backend, ticket(roles=["writer"]), over="c=", who=caller(roles='["admin"]'))

    connection = asyncio.run(backend.connections.get_connection("c=", now=NOW))
    assert connection is not None
    assert connection.roles == frozenset({"writer"})


def test_s07_channels_go_with_the_role_that_opened_them() -> None:
    writers = frozenset({"writer"})
    members = Namespace(allow_subscribe=writers)
    app = Application(namespaces={**NAMESPACES, "members": members})
    backend = Backend(app, TICKET_SECRET=TICKET_SECRET)
    asyncio.run(backend.connections.init_table())
    backend.connect("ann=", authorizer=ANN)
    assert backend.subscribe("ann=", "members:1", authorizer=ANN)["code"] == "forbidden"

    refresh(backend, ticket(roles=["writer"]))
    assert backend.subscribe("ann=", "members:1", authorizer=ANN)["type"] == "channel.subscribed"
    assert refresh(backend, ticket(roles=["x" * 300]))["code"] == "unauthorized"
    assert heard(backend, "ann=") == []
    refresh(backend, ticket(roles=[]))

    assert [frame["channels"] for frame in backend.frames_to("ann=")] == [["members:1"]]
    assert backend.subscribe("ann=", "members:1", authorizer=ANN)["code"] == "forbidden"


def test_s07_ticket_is_nowhere_in_the_log(backend: Backend) -> None:
    good, bad = ticket(), ticket("bob")
    with listening() as log:
        refresh(backend, good)
        refresh(backend, bad)

    assert good not in log.getvalue()
    assert bad not in log.getvalue()
