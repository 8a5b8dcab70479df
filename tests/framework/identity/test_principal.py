"""What handlers learn of whom the authorizer let in."""

from typing import Any

import pytest

from signalbox.identity.principal import Principal
from signalbox.resolver import UnauthorizedError
from tests.framework.realtime.backend import NOW, Backend

ANN = {"principalId": "ann", "expires_at": str(NOW // 1000 + 60)}


async def test_connection_ends_with_the_session_when_that_is_sooner(backend: Backend) -> None:
    backend.connect("a=", authorizer=ANN)

    connection = await backend.connections.get_connection("a=", now=NOW)
    assert connection is not None
    assert (connection.user_id, connection.expires_at) == ("ann", NOW // 1000 + 60)
    assert await backend.connections.get_connection("a=", now=NOW + 60_000) is None


@pytest.mark.parametrize(("said", "guest"), [({}, False), ({"guest": "true"}, True)])
def test_client_is_told_whether_it_is_a_guest_when_an_authorizer_let_it_in(
    backend: Backend, said: Any, guest: bool
) -> None:
    authorizer = {"principalId": "somebody", **said}
    backend.connect("a=", authorizer=authorizer)

    me = backend.send("a=", {"action": "whoami"}, authorizer=authorizer)

    assert (me["user_id"], me["guest"]) == ("somebody", guest)


@pytest.mark.parametrize("authorizer", [{"roles": "[]"}, {"principalId": ""}, {"principalId": 7}])
def test_nobody_is_a_caller_when_the_authorizer_names_none(authorizer: Any) -> None:
    with pytest.raises(UnauthorizedError):
        Principal.from_context(authorizer)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("realtime.v1, bearer.a.b.c", "realtime.v1"),
        ("bearer.a.b.c,realtime.v1", "realtime.v1"),
        ("bearer.a.b.c", None),
        ("chat", None),
        ("realtime.v2", None),
        ("REALTIME.V1", None),
    ],
)
def test_bearer_is_never_echoed_when_it_is_offered(
    backend: Backend, offered: str, chosen: str | None
) -> None:
    answer = backend.connect("a=", headers={"Sec-WebSocket-Protocol": offered})

    assert answer["statusCode"] == 200
    assert answer.get("headers", {}).get("Sec-WebSocket-Protocol") == chosen
    assert "bearer" not in str(answer)
