"""Client data: any JSON that a connection was given, in a row of its own beside the connection's."""

import json
from typing import Any

from . import schema
from .arguments import json_text
from .models import Connection
from .requests import Put
from .wire import Record


def client_data_row(prefix: str, connection: Connection, client_data: Any) -> Put:
    """Return the write of a connection's client data. Raises as `json_text`."""
    key = schema.client_data_key(prefix, connection.connection_id)
    text = json_text("client_data", client_data)
    return Put({**key._asdict(), "data": text, schema.TTL_ATTRIBUTE: connection.expires_at})


def read_client_data(row: Record | None) -> Any:
    """Return the data in a row of client data, or None if there is no row."""
    return None if row is None else json.loads(row["data"])
