"""S02: a page of somebody else's cannot connect, whatever its user is logged in to."""

import pytest

from signalbox.identity.minting import mint_ticket
from tests.framework.identity.handshakes import NOW, PAGE, TICKET_SECRET, Handshakes, sign


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.com.evil.test",
        "https://evil.test/https://app.example.com",
        "https://evil-app.example.com",
        "https://app.example.com@evil.test",
        "https://example.com",
        "https://x.app.example.com",
        "http://app.example.com",
        "wss://app.example.com",
        "https://app.example.com:443",
        "https://app.example.com:8443",
        "https://app.example.com/",
        "https://app.example.com.",
        "https://APP.example.com",
        " https://app.example.com",
        "https://app.example.com\x00",
        "https://app.example.com, https://app.example.com",
        "app.example.com",
        "null",
        "*",
        "",
    ],
)
@pytest.mark.parametrize("guests", [False, True])
def test_s02_page_is_refused_when_its_origin_is_not_in_the_list(origin: str, guests: bool) -> None:
    handshakes = Handshakes(guests=guests)

    assert handshakes.outcome({"token": sign()}, origin=origin) == "403 origin_not_allowed"
    assert handshakes.outcome({"token": sign(native=True)}, origin=origin) == "403 origin_not_allowed"
    assert handshakes.outcome(origin=origin) == "403 origin_not_allowed"


def test_s02_handshake_is_refused_when_it_has_several_origins() -> None:
    headers = {"origin": "https://evil.test"}

    assert Handshakes().outcome({"token": sign()}, headers) == "403 origin_not_allowed"


def test_s02_missing_origin_is_enough_when_a_ticket_is_marked_native() -> None:
    handshakes = Handshakes(guests=True)

    assert handshakes.outcome({"token": sign()}, origin=None) == "403 origin_missing"
    assert handshakes.outcome({"token": sign(native=True)}, origin=None) == "403 origin_missing"
    assert handshakes.outcome(origin=None) == "403 origin_missing"
    assert handshakes.outcome({"ticket": mint_ticket(TICKET_SECRET, "ann", now=NOW)}, origin=None) == "200 ok"


def test_s02_nobody_is_let_in_when_the_list_is_empty() -> None:
    assert Handshakes(origins=()).outcome({"token": sign()}, origin=PAGE) == "403 origin_not_allowed"


@pytest.mark.parametrize("origin", [None, "null", "http://127.0.0.1:5173"])
def test_s02_every_page_is_let_in_when_this_is_the_local_run(origin: str | None) -> None:
    assert Handshakes(origins=("*",), guests=True).outcome(origin=origin) == "200 ok"
