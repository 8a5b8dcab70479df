import pytest
from hypothesis import given
from hypothesis import strategies as st

from connection_store import InvalidCursorError, InvalidKeyError, schema

ID = "BFaT_fALIAMCKug="

connection_ids = st.text("ABCXYZabcxyz0189_-=", min_size=1, max_size=32)
prefixes = st.text("ABCXYZabcxyz0189_-", max_size=8)
channels = st.text("AZaz09_:.-", min_size=1, max_size=8)
user_ids = st.text(st.sampled_from("ab/#:@é1"), min_size=1, max_size=8)


def test_keys_are_as_documented() -> None:
    assert schema.connection_key("", ID) == ("conns#6", ID)
    assert schema.connection_key("shop", ID) == ("conns#6", f"~shop/{ID}")
    assert schema.client_data_key("", ID) == (f"data#{ID}", "@")
    assert schema.user_connection_key("", "ann", ID) == ("user#ann", ID)
    assert schema.user_partition("shop", "ann") == "shop/user#ann"
    assert schema.connections_partition(31) == "conns#31"
    assert schema.subscription_key("", ID, "chat:1") == (f"subs#{ID}", "chat:1")
    assert schema.subscriber_key("shop", "chat:1", 3, ID) == ("shop/chan#chat:1#3", ID)
    assert schema.head_key("", "chat:1") == ("hist#chat:1", "@")
    assert schema.publication_key("", "chat:1", 12) == ("hist#chat:1", "o#0000000000000012")
    assert schema.seen_key("", "chat:1", "ann", "k1") == ("seen#chat:1", "ann#k1")


def test_shards_stay_where_they_are() -> None:
    """The shard is stored in keys: another function would lose every connection."""
    assert [schema.shard_of(id_) for id_ in ("a", "b", ID)] == [3, 25, 6]
    assert [schema.shard_of(ID, shards) for shards in schema.CHANNEL_SHARDS] == [0, 2, 6]


def test_connections_spread_evenly_when_there_are_many() -> None:
    counts = [0] * schema.SHARDS
    for number in range(32_000):
        counts[schema.shard_of(f"JC1dgf9yo{number:05}AMCK=")] += 1
    assert 800 < min(counts) <= max(counts) < 1_200


@given(prefixes, user_ids, prefixes, user_ids)
def test_no_two_users_share_a_partition_when_ids_are_forged(
    prefix: str, user_id: str, other_prefix: str, other_id: str
) -> None:
    same = schema.user_partition(prefix, user_id) == schema.user_partition(other_prefix, other_id)
    assert same == ((prefix, user_id) == (other_prefix, other_id))


@given(prefixes, user_ids, prefixes, connection_ids)
def test_no_user_reaches_another_kind_of_row_when_ids_are_forged(
    prefix: str, user_id: str, other_prefix: str, connection_id: str
) -> None:
    partition = schema.user_partition(prefix, user_id)
    assert partition != schema.connection_key(other_prefix, connection_id).pk
    assert partition != schema.client_data_key(other_prefix, connection_id).pk


@given(prefixes, connection_ids, prefixes, connection_ids)
def test_no_two_prefixes_share_a_connection_when_ids_are_alike(
    prefix: str, connection_id: str, other_prefix: str, other_id: str
) -> None:
    key, other = schema.connection_key(prefix, connection_id), schema.connection_key(other_prefix, other_id)
    assert (key == other) == ((prefix, connection_id) == (other_prefix, other_id))
    assert schema.owner_of(key.sk) == (prefix, connection_id)


@given(prefixes, connection_ids, prefixes, connection_ids)
def test_connection_is_listed_in_its_prefix_alone_and_after_the_cursor(
    prefix: str, connection_id: str, other_prefix: str, after: str
) -> None:
    first, last = schema.connections_between(other_prefix, after)
    listed = first <= schema.connection_key(prefix, connection_id).sk <= last
    assert listed == (prefix == other_prefix and connection_id > after)
    first, last = schema.connections_between(prefix)
    assert first <= schema.connection_key(prefix, connection_id).sk <= last


@given(user_ids, st.text("ab1:", min_size=1, max_size=4), user_ids, st.text("ab1:", min_size=1, max_size=4))
def test_no_two_markers_meet_when_publishers_ids_are_forged(
    publisher: str, key: str, other_publisher: str, other_key: str
) -> None:
    same = schema.seen_key("", "c", publisher, key) == schema.seen_key("", "c", other_publisher, other_key)
    assert same == ((publisher, key) == (other_publisher, other_key))


@given(channels, st.sampled_from(range(16)), channels, st.sampled_from(range(16)))
def test_no_two_shards_share_a_partition(channel: str, shard: int, other: str, other_shard: int) -> None:
    partition = schema.subscribers_partition("", channel, shard)
    same = partition == schema.subscribers_partition("", other, other_shard)
    assert same == ((channel, shard) == (other, other_shard))
    assert schema.shard_in(partition) == shard


@given(st.lists(st.integers(0, 10**15), min_size=2))
def test_publications_are_in_the_order_of_offsets(offsets: list[int]) -> None:
    keys = [schema.publication_key("", "chat:1", offset) for offset in sorted(offsets)]
    assert keys == sorted(keys)
    assert all(schema.head_key("", "chat:1") < key for key in keys)


@given(st.integers(0, 15), connection_ids)
def test_subscribers_cursor_is_read_back(shard: int, connection_id: str) -> None:
    cursor = schema.subscriber_cursor(shard, connection_id)
    assert schema.parse_subscriber_cursor(cursor) == (shard, connection_id)


@pytest.mark.parametrize("prefix", ["a/b", "a#", "ü", " ", "x" * 65, "a\n"])
def test_prefix_is_refused_when_it_could_forge_keys(prefix: str) -> None:
    with pytest.raises(InvalidKeyError):
        schema.check_prefix(prefix)
    with pytest.raises(InvalidKeyError):
        schema.user_partition(prefix, "ann")


@pytest.mark.parametrize("connection_id", ["", "a b", "a#b", "a:b", "é", "\ud800", "x" * 129, "a\n", "@"])
def test_connection_id_is_refused_when_no_gateway_makes_such(connection_id: str) -> None:
    with pytest.raises(InvalidKeyError):
        schema.connection_key("", connection_id)
    with pytest.raises(InvalidKeyError):
        schema.client_data_key("", connection_id)
    with pytest.raises(InvalidKeyError):
        schema.user_connection_key("", "ann", connection_id)


@pytest.mark.parametrize("user_id", ["", "\ud800", "é" * 513])
def test_user_id_is_refused_when_no_key_can_hold_it(user_id: str) -> None:
    with pytest.raises(InvalidKeyError):
        schema.user_partition("", user_id)


@given(connection_ids)
def test_cursor_is_read_back_when_made_from_any_connection_id(connection_id: str) -> None:
    cursor = schema.cursor_of(connection_id)
    assert schema.parse_cursor(cursor) == (schema.shard_of(connection_id), connection_id)


@pytest.mark.parametrize(
    "cursor",
    [
        None, 7, b"3:a", ["3:a"], "", ":", "3", "3:", ":a", "3:a ", " 3:a", "3:a\n", "03:a", "+3:a", "-1:a",
        "32:a", "333:a", "٣:a", "3:a:b", "3:é", "3:\ud800", f"3:{'a' * 129}", f"3:{'a' * 100_000}",
    ],
)  # fmt: skip
def test_cursor_is_refused_when_it_is_not_one_of_ours(cursor: object) -> None:
    with pytest.raises(InvalidCursorError):
        schema.parse_cursor(cursor)


@given(st.text(max_size=20))
def test_cursor_is_refused_or_ours_when_it_is_any_text(text: str) -> None:
    try:
        shard, start = schema.parse_cursor(text)
    except InvalidCursorError:
        return
    assert text == f"{shard}:{start}"
    assert shard < schema.SHARDS


@given(st.lists(connection_ids, min_size=2, unique=True), st.data())
def test_listing_goes_on_where_it_stopped_when_resumed_between_two(
    ids: list[str], data: st.DataObject
) -> None:
    listed = sorted(ids, key=lambda id_: (schema.shard_of(id_), id_))
    place = data.draw(st.integers(1, len(ids) - 1))

    cursor = schema.parse_cursor(schema.cursor_between(*listed[place - 1 : place + 1]))

    assert [id_ for id_ in listed if (schema.shard_of(id_), id_) > cursor] == listed[place:]


@given(st.text("AZaz09_-", min_size=14, max_size=14), st.text("AZaz09_-", min_size=14, max_size=14))
def test_s18_cursor_is_nobodys_id_when_ids_are_as_long_as_the_gateways(before: str, after: str) -> None:
    if before != after:
        cursor = schema.cursor_between(f"{before}=", f"{after}=")
        assert not cursor.endswith("=")


def test_definition_has_two_string_keys_and_no_index() -> None:
    definition = schema.definition("connections")
    assert definition["AttributeDefinitions"] == [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
    ]
    assert set(definition) == {"TableName", "BillingMode", "AttributeDefinitions", "KeySchema"}
    assert schema.expiry("connections")["TimeToLiveSpecification"]["AttributeName"] == "expires_at"
