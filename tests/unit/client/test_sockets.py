import pytest

from client.errors import AddressError
from client.sockets import with_query


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
