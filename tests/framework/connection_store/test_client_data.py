import json

import pytest

from connection_store import Connection
from connection_store.client_data import client_data_row, read_client_data

CONNECTION = Connection("c-1", "ann", None, 1_000, 1_000, 7_501)


def test_row_holds_the_data_as_text_and_ends_with_the_connection() -> None:
    record = client_data_row("one", CONNECTION, {"theme": "dark"}).record
    assert json.loads(record.pop("data")) == {"theme": "dark"}
    assert record == {"pk": "one/data#c-1", "sk": "@", "expires_at": 7_501}


@pytest.mark.parametrize("data", [None, {}, [], 0, "text", {"a": [1.5, True, None]}])
def test_data_is_read_back_when_it_was_written(data: object) -> None:
    assert read_client_data(client_data_row("", CONNECTION, data).record) == data


def test_data_is_none_when_there_is_no_row() -> None:
    assert read_client_data(None) is None
