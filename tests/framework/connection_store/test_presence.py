from connection_store import ChannelHead, Connection, Presence, Subscriber
from connection_store.wire import encode
from tests.framework.connection_store.conftest import MakeTable
from tests.framework.connection_store.script import Script

NOW = 1_767_225_600_000
UNTIL = NOW // 1000 + 7_500


async def test_who_has_just_come_is_there_when_their_row_has_not_spread(make_table: MakeTable) -> None:
    ann = Connection("c-1", "ann", "Ann", NOW, NOW, UNTIL)
    script = Script(
        {"Item": encode(ChannelHead("e1", 0, 1, NOW, UNTIL).to_record("", "chat:1"))},
        {"Items": [encode(Subscriber("c-1", "ann", NOW, UNTIL, 0).to_record("", "chat:1"))]},
        {"Responses": {"table": []}},
        {"Responses": {"table": [encode(ann.to_record())]}},
    )
    attendance = await Presence(make_table(engine=script)).get("chat:1", now=NOW)
    assert [user.connections for user in attendance.users] == [(ann,)]
    reads = [request for operation, request in script.requests if operation == "BatchGetItem"]
    assert [each["RequestItems"]["table"]["ConsistentRead"] for each in reads] == [False, True]
