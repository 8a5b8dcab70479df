import pytest

from signalbox.client import Client, Settings
from signalbox.client.connection.sockets import with_query
from signalbox.client.connection.stream import open_stream
from signalbox.client.errors import AddressError
from tests.framework.client.backend import Backend


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("ws://h/local", "ws://h/local?name=Ann+%26+Bob"),
        ("ws://h/local?name=Old&token=a%3Db", "ws://h/local?token=a%3Db&name=Ann+%26+Bob"),
    ],
)
def test_a_value_is_in_the_query_when_one_is_given(url: str, named: str) -> None:
    assert with_query(url, name="Ann & Bob") == named


def test_a_value_is_refused_when_the_address_is_none() -> None:
    with pytest.raises(AddressError):
        with_query("ws://[::1", name="Ann")


async def test_it_says_where_it_comes_from_when_told(backend: Backend) -> None:
    async with Client(backend.url, settings=Settings(origin="https://app.example.com")) as client:
        await client.connected()
    async with open_stream(backend.url, origin="https://app.example.com"), open_stream(backend.url):
        pass

    assert backend.origins == ["https://app.example.com", "https://app.example.com", None]
