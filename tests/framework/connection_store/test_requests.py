from connection_store.requests import Delete, Put, Query, Update
from connection_store.schema import Key

KEY = Key("conns#1", "c-1")


def test_put_is_plain_when_there_is_no_condition() -> None:
    assert Put({"pk": "a", "v": 1}).parameters() == {"Item": {"pk": {"S": "a"}, "v": {"N": "1"}}}


def test_refusing_row_is_asked_for_when_there_is_a_condition() -> None:
    put = Put({"pk": "a"}, "v = :v", {":v": 1}).parameters()
    update = Update(KEY, "SET v = :v", "v < :v", {":v": 1}).parameters()
    for parameters in (put, update):
        assert parameters["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
        assert parameters["ExpressionAttributeValues"] == {":v": {"N": "1"}}
    assert update["Key"] == {"pk": {"S": "conns#1"}, "sk": {"S": "c-1"}}


def test_query_is_eventually_consistent_and_unbounded_when_nothing_else_is_said() -> None:
    assert Query("conns#1", now=0).parameters() == {
        "KeyConditionExpression": "pk = :partition",
        "ExpressionAttributeValues": {":partition": {"S": "conns#1"}},
        "ConsistentRead": False,
    }


def test_query_says_all_it_was_given() -> None:
    start = {"pk": {"S": "conns#1"}, "sk": {"S": "c-1"}}
    parameters = Query("conns#1", 0, after="c-0", consistent=True, page_size=7, start=start).parameters()
    assert parameters["KeyConditionExpression"] == "pk = :partition AND sk > :after"
    assert parameters["ExpressionAttributeValues"][":after"] == {"S": "c-0"}
    assert (parameters["ConsistentRead"], parameters["Limit"]) == (True, 7)
    assert parameters["ExclusiveStartKey"] == start


def test_delete_is_plain_or_conditional() -> None:
    key = {"pk": {"S": "conns#1"}, "sk": {"S": "c-1"}}
    assert Delete(KEY).parameters() == {"Key": key}
    assert Delete(KEY, "attribute_exists(pk)").parameters() == {
        "Key": key,
        "ConditionExpression": "attribute_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def test_query_may_be_bounded_at_both_ends() -> None:
    parameters = Query("conns#1", 0, between=("a", "b")).parameters()
    assert parameters["KeyConditionExpression"] == "pk = :partition AND sk BETWEEN :first AND :last"
    assert parameters["ExpressionAttributeValues"][":last"] == {"S": "b"}
