"""S02, S03, S16 on real sockets: what clients see of the authorizer."""

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from signalbox.client.tokens import mint_ticket, mint_token
from signalbox.dev.identity import Identity
from signalbox.gateway import LocalGateway
from tests.local.request_reply import ask
from tests.security.conftest import PAGE


async def refuse(url: str, **options: Any) -> tuple[int, bytes]:
    """The status and the body of a handshake that has to be refused."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, open_timeout=60, **options)
    response = refused.value.response
    return response.status_code, bytes(response.body or b"")


async def test_s16_status_is_all_that_is_said_when_a_handshake_is_refused(
    gateway: LocalGateway, identity: Identity
) -> None:
    url, good = gateway.websocket_url, identity.token("ann")
    forged = mint_token("x" * 32, user="ann", issuer="local", audience="local")
    unauthorized = [
        refuse(url, origin=PAGE),
        refuse(f"{url}?token={identity.token('ann', seconds=-60)}", origin=PAGE),
        refuse(f"{url}?token={forged}", origin=PAGE),
        refuse(f"{url}?token={good}&ticket={good}", origin=PAGE),
        refuse(f"{url}?ticket={mint_ticket('x' * 32, user='ann', origin=PAGE)}", origin=PAGE),
        refuse(url, origin=PAGE, additional_headers={"Cookie": f"token={good}"}),
    ]
    forbidden = [
        refuse(f"{url}?token={good}"),
        refuse(f"{url}?token={good}", origin="https://app.example.com.evil.test"),
        refuse(f"{url}?ticket={identity.ticket('ann')}", origin=PAGE),
    ]
    async with asyncio.timeout(60):
        denials = await asyncio.gather(*unauthorized), await asyncio.gather(*forbidden)

    assert [{status for status, _ in each} for each in denials] == [{401}, {403}]
    assert all(len({body for _, body in each}) == 1 for each in denials)


async def test_s03_bearer_is_not_echoed_when_a_browser_offers_it(
    gateway: LocalGateway, identity: Identity
) -> None:
    token = identity.token("ann")
    offered = [Subprotocol("realtime.v1"), Subprotocol(f"bearer.{token}")]
    opening = connect(gateway.websocket_url, origin=Origin(PAGE), subprotocols=offered, open_timeout=60)

    async with asyncio.timeout(60), opening as client:
        me = await ask(client, action="whoami")

    assert client.subprotocol == "realtime.v1"
    assert token not in str(client.response and client.response.headers)
    assert (me["user_id"], me["guest"]) == ("ann", False)
    assert me["expires_at"] * 1000 - me["connected_at"] <= 3_631_000  # the token's hour, and the leeway


async def test_s02_client_that_is_no_page_connects_when_its_ticket_says_so_or_it_sends_an_origin(
    gateway: LocalGateway, identity: Identity
) -> None:
    url, bearer = gateway.websocket_url, f"Bearer {identity.token('ann')}"

    async with asyncio.timeout(60):
        async with connect(f"{url}?ticket={identity.ticket('bob')}", open_timeout=60) as client:
            assert (await ask(client, action="whoami"))["user_id"] == "bob"
        headers = {"Authorization": bearer}
        async with connect(url, origin=Origin(PAGE), additional_headers=headers) as client:
            assert (await ask(client, action="whoami"))["user_id"] == "ann"
