"""The table: its definition, every key in it, and how connections spread over partitions.

Nothing here needs boto3, so that infrastructure code can import it.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from zlib import crc32

from .errors import InvalidCursorError, InvalidKeyError

VERSION = 1
"""Of the rows' format. A release reads its own and the one before."""

SHARDS = 32
"""Partitions the connections are spread over. It is part of every key: it never changes."""

PARTITION_KEY = "pk"
SORT_KEY = "sk"
TTL_ATTRIBUTE = "expires_at"
"""Epoch seconds, as DynamoDB's TTL demands."""

ONLY = "@"
"""The sort key of a partition's only, or principal, row."""

ALIVE = f"attribute_exists({PARTITION_KEY}) AND {TTL_ATTRIBUTE} > :seconds"
VACANT = f"attribute_not_exists({PARTITION_KEY}) OR {TTL_ATTRIBUTE} <= :seconds"
"""Conditions of writes: there is a row that has not expired by `:seconds`, or there is none."""

PRESENT = f"attribute_exists({PARTITION_KEY})"
"""The condition that there is a row, expired or not."""

MAX_ID_BYTES = 1_024
"""Half of DynamoDB's limit for a partition key, and its limit for a sort key."""

CHANNEL_SHARDS = (1, 4, 16)
"""Over how many partitions a channel's subscribers may be spread."""

EVEN_EXPIRED = -1
"""As a read's `now` it hides nothing, because no row has expired before this instant. The sweep uses it, and
reads that stop at the first expired row."""

_PREFIX = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CONNECTION_ID = re.compile(r"[A-Za-z0-9_=-]{1,128}")
_CHANNEL = re.compile(r"[A-Za-z0-9_:.-]{1,128}")
_KEY = re.compile(r"[A-Za-z0-9_=.:+-]{1,64}")
_CURSOR = re.compile(rf"([0-9]{{1,2}}):({_CONNECTION_ID.pattern})")


class Key(NamedTuple):
    """A row's place; the fields are named as the table's key attributes are."""

    pk: str
    sk: str


def definition(table_name: str) -> dict[str, Any]:
    """Return CreateTable's parameters: two string keys, paid by request, no index."""
    return {
        "TableName": table_name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": PARTITION_KEY, "AttributeType": "S"},
            {"AttributeName": SORT_KEY, "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": PARTITION_KEY, "KeyType": "HASH"},
            {"AttributeName": SORT_KEY, "KeyType": "RANGE"},
        ],
    }


def describe_keys(table: Mapping[str, Any]) -> str:
    """Return a table's keys in words ("pk HASH S, sk RANGE S"), from its definition or its description."""
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    keys = ((each["AttributeName"], each["KeyType"]) for each in table["KeySchema"])
    return ", ".join(f"{name} {kind} {types[name]}" for name, kind in keys)


def expiry(table_name: str) -> dict[str, Any]:
    """Return UpdateTimeToLive's parameters."""
    setting = {"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
    return {"TableName": table_name, "TimeToLiveSpecification": setting}


def check_prefix(prefix: str) -> str:
    """Return `prefix`, the part of a table one tenant sees ("" is all of it). Raises InvalidKeyError."""
    if prefix != "" and not _matches(_PREFIX, prefix):
        raise InvalidKeyError("a partition is empty or 1 to 64 of A-Z a-z 0-9 _ -")
    return prefix


def shard_of(connection_id: str, shards: int = SHARDS) -> int:
    """Return a connection's shard; crc32, because Python's own hash differs between processes."""
    return crc32(connection_id.encode()) % shards


def connections_partition(shard: int) -> str:
    """Return the partition of one shard's connections, of every prefix: so that one sweep meets them all."""
    return _partition("", "conns", str(shard))


def connection_key(prefix: str, connection_id: str) -> Key:
    """Return the key of a connection. Raises InvalidKeyError."""
    _check_connection_id(connection_id)
    return Key(connections_partition(shard_of(connection_id)), f"{_mark(prefix)}{connection_id}")


def connections_between(prefix: str, after: str = "") -> tuple[str, str]:
    """Return bounds of the sort keys of a prefix's connections, those after the id `after`."""
    # No id has a character below "-", nor one above "z".
    return f"{_mark(prefix)}{after}-", f"{_mark(prefix)}~"


def owner_of(sort_key: str) -> tuple[str, str]:
    """Return the prefix and the connection id in a connection's sort key."""
    prefix, _, connection_id = sort_key.removeprefix("~").rpartition("/")
    return prefix, connection_id


def client_data_key(prefix: str, connection_id: str) -> Key:
    """Return the key of a connection's client data. Raises InvalidKeyError."""
    _check_connection_id(connection_id)
    return Key(_partition(prefix, "data", connection_id), ONLY)


def user_partition(prefix: str, user_id: str) -> str:
    """Return the partition of a user's connections. Raises InvalidKeyError."""
    return _partition(prefix, "user", user_id)


def user_connection_key(prefix: str, user_id: str, connection_id: str) -> Key:
    """Return the key of a connection among its user's. Raises InvalidKeyError."""
    _check_connection_id(connection_id)
    return Key(user_partition(prefix, user_id), connection_id)


def user_lock_key(prefix: str, user_id: str) -> Key:
    """Return the key of a user's lock, beside their connections. Raises InvalidKeyError."""
    return Key(user_partition(prefix, user_id), ONLY)


def user_rate_key(prefix: str, user_id: str, message: str) -> Key:
    """Return the key of a user's rate of one kind of message. Raises InvalidKeyError."""
    _check_size(message)
    return Key(_partition(prefix, "rate", user_id), message)


def check_channel(channel: str) -> str:
    """Return `channel` if it may be a channel's name. Raises InvalidKeyError."""
    if not _matches(_CHANNEL, channel):
        raise InvalidKeyError("a channel's name is 1 to 128 of A-Z a-z 0-9 _ : . -")
    return channel


def subscriptions_partition(prefix: str, connection_id: str) -> str:
    """Return the partition of a connection's subscriptions. Raises InvalidKeyError."""
    _check_connection_id(connection_id)
    return _partition(prefix, "subs", connection_id)


def subscription_key(prefix: str, connection_id: str, channel: str) -> Key:
    """Return the key of one of a connection's subscriptions. Raises InvalidKeyError."""
    return Key(subscriptions_partition(prefix, connection_id), check_channel(channel))


def subscribers_partition(prefix: str, channel: str, shard: int) -> str:
    """Return the partition of one shard of a channel's subscribers. Raises InvalidKeyError."""
    return _partition(prefix, "chan", f"{check_channel(channel)}#{shard}")


def subscriber_key(prefix: str, channel: str, shard: int, connection_id: str) -> Key:
    """Return the key of a connection among a channel's subscribers. Raises InvalidKeyError."""
    _check_connection_id(connection_id)
    return Key(subscribers_partition(prefix, channel, shard), connection_id)


def shard_in(partition: str) -> int:
    """Return the shard in the name of a partition of subscribers."""
    return int(partition.rpartition("#")[2])


def head_key(prefix: str, channel: str) -> Key:
    """Return the key of a channel's HEAD. Raises InvalidKeyError."""
    return Key(_partition(prefix, "hist", check_channel(channel)), ONLY)


def publication_key(prefix: str, channel: str, offset: int) -> Key:
    """Return the key of a publication; sort keys are in the order of offsets. Raises InvalidKeyError."""
    return Key(head_key(prefix, channel).pk, f"o#{offset:016}")


def seen_key(prefix: str, channel: str, publisher: str, key: str) -> Key:
    """Return the key of the marker that a publisher's idempotency key was seen. Raises InvalidKeyError."""
    if not _matches(_KEY, key):
        raise InvalidKeyError("an idempotency key is 1 to 64 of A-Z a-z 0-9 _ = . : + -")
    # No "#" is in a key, so no two pairs share a marker, even if the publisher's id contains one.
    marker = f"{publisher}#{key}"
    _check_size(marker)
    return Key(_partition(prefix, "seen", check_channel(channel)), marker)


def subscriber_cursor(shard: int, connection_id: str) -> str:
    """Return the token that a listing of a channel's subscribers resumes after."""
    return f"{shard}:{connection_id}"


def parse_subscriber_cursor(cursor: str) -> tuple[int, str]:
    """Return the shard and the connection id in a cursor. Raises InvalidCursorError."""
    match = _CURSOR.fullmatch(cursor)
    if match is None or cursor != subscriber_cursor(int(match[1]), match[2]):
        raise InvalidCursorError("not a cursor of this store")
    return int(match[1]), match[2]


def ticket_key(prefix: str, ticket_id: str) -> Key:
    """Return the key of a spent ticket. Raises InvalidKeyError."""
    return Key(_partition(prefix, "ticket", ticket_id), ONLY)


def frame_key(prefix: str, broadcast_id: str) -> Key:
    """Return the key of a frame that waits to be delivered. Raises InvalidKeyError."""
    return Key(_partition(prefix, "frame", broadcast_id), ONLY)


def progress_key(prefix: str, broadcast_id: str) -> Key:
    """Return the key of how far a broadcast has come, beside its frame. Raises InvalidKeyError."""
    return Key(frame_key(prefix, broadcast_id).pk, "progress")


def cursor_of(connection_id: str) -> str:
    """Return the token that a listing of all connections resumes after."""
    return f"{shard_of(connection_id)}:{connection_id}"


def cursor_between(before: str, after: str) -> str:
    """Return the token that a listing resumes with between two neighbours.

    It is meant for clients, so it reveals no more of the second id than its difference from the first.
    """
    known = before if shard_of(before) == shard_of(after) else ""
    starts = (after[:length] for length in range(1, len(after)))
    start = next((each for each in starts if not known.startswith(each)), None)
    return cursor_of(before) if start is None else f"{shard_of(after)}:{start}"


def parse_cursor(cursor: object) -> tuple[int, str]:
    """Return the shard in a cursor, and the id or the beginning of one. Raises InvalidCursorError."""
    match = _CURSOR.fullmatch(cursor) if isinstance(cursor, str) else None
    if match is None or int(match[1]) >= SHARDS or cursor != f"{int(match[1])}:{match[2]}":
        raise InvalidCursorError("not a cursor of this store")
    return int(match[1]), match[2]


def _partition(prefix: str, kind: str, identifier: str) -> str:
    _check_size(identifier)
    # "/" is not allowed in a prefix and "#" not before the id, so no id can reach into another prefix or
    # kind.
    return f"{check_prefix(prefix)}/{kind}#{identifier}" if prefix else f"{kind}#{identifier}"


def _mark(prefix: str) -> str:
    # No connection id begins with "~" or has a "/": a prefix's connections are among themselves in a shard.
    return f"~{check_prefix(prefix)}/" if prefix else ""


def _matches(pattern: re.Pattern[str], text: object) -> bool:
    # Callers without a type checker may pass other types, and get the same error.
    return isinstance(text, str) and pattern.fullmatch(text) is not None


def _check_size(identifier: str) -> None:
    if not isinstance(identifier, str):
        raise InvalidKeyError(f"an id is text, not {type(identifier).__name__}")
    try:
        size = len(identifier.encode())
    except UnicodeEncodeError:
        raise InvalidKeyError("an id is text without lone surrogates") from None
    if not 1 <= size <= MAX_ID_BYTES:
        raise InvalidKeyError(f"an id is 1 to {MAX_ID_BYTES} bytes long")


def _check_connection_id(connection_id: str) -> None:
    if not _matches(_CONNECTION_ID, connection_id):
        raise InvalidKeyError("a connection id is 1 to 128 of A-Z a-z 0-9 _ - =")
