import json
from zlib import crc32

import pytest

from signalbox.aws.answers import REFUSED_KEYS, read_answer, read_error
from signalbox.aws.errors import THROTTLING_CODES, InvalidResponseError, RefusedKeysError, ServiceError
from tests.framework.aws.responses import respond


def test_answer_is_the_object_in_the_body() -> None:
    body = b'{"Item":{"pk":{"S":"1"}}}'

    assert read_answer(respond(200, body)) == {"Item": {"pk": {"S": "1"}}}
    assert read_answer(respond(200)) == {}
    assert read_answer(respond(200, body, x_amz_crc32=str(crc32(body)))) == json.loads(body)


@pytest.mark.parametrize("body", [b"[]", b"null", b"<html>", b'{"Item":', b"\xff{}", b"[" * 100_000])
def test_answer_is_invalid_when_it_is_no_json_object(body: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        read_answer(respond(200, body))


@pytest.mark.parametrize("stated", ["0", "-1", "x", "", "1" * 30])
def test_answer_is_invalid_when_its_checksum_is_another(stated: str) -> None:
    with pytest.raises(InvalidResponseError, match="checksum"):
        read_answer(respond(200, b'{"canary":1}', x_amz_crc32=stated))


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (
            {"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"},
            {},
            "ResourceNotFoundException",
        ),
        (
            {"__type": "com.amazon.coral.service#ThrottlingException:http://internal.amazon.com/x"},
            {},
            "ThrottlingException",
        ),
        ({"__type": "ThrottlingException"}, {"x_amzn_ErrorType": "Other"}, "ThrottlingException"),
        ({"code": "aws.x#Some.Error"}, {}, "Some.Error"),
        (
            {"message": "Forbidden"},
            {"x_amzn_ErrorType": "ForbiddenException:http://x/"},
            "ForbiddenException",
        ),
        ({"__type": ""}, {}, "HTTP 400"),
        ({"__type": ["x"], "code": 7}, {"x_amzn_ErrorType": "<script>"}, "HTTP 400"),
    ],
    ids=str,
)
def test_error_has_its_name_when_aws_puts_it_anywhere(
    body: dict[str, object], headers: dict[str, str], code: str
) -> None:
    error = read_error(respond(400, json.dumps(body).encode(), **headers))

    assert (error.code, str(error), error.status, error.answer) == (code, code, 400, body)


@pytest.mark.parametrize("body", [b"", b"<html>canary</html>", b"[1]"])
def test_error_is_the_status_when_the_body_is_no_json_object(body: bytes) -> None:
    with pytest.raises(ServiceError, match=r"^HTTP 502$") as raised:
        read_answer(respond(502, body))
    assert raised.value.temporary


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_is_an_error(status: int) -> None:
    with pytest.raises(ServiceError, match=f"HTTP {status}"):
        read_answer(respond(status, b"{}", Location="http://elsewhere.invalid/"))


@pytest.mark.parametrize("name", ["message", "Message"])
def test_error_has_message_and_reasons_but_shows_neither(name: str) -> None:
    body = {
        "__type": "x#TransactionCanceledException",
        name: "canary",
        "CancellationReasons": [{"Code": "None"}],
    }

    error = read_error(respond(400, json.dumps(body).encode()))

    assert error.message == "canary"
    assert error.answer["CancellationReasons"] == [{"Code": "None"}]
    assert "canary" not in f"{error} {error!r}"


@pytest.mark.parametrize("code", sorted(THROTTLING_CODES))
def test_error_is_temporary_when_it_is_throttling_by_any_name(code: str) -> None:
    assert read_error(respond(400, json.dumps({"__type": f"x#{code}"}).encode())).temporary


@pytest.mark.parametrize(
    ("status", "temporary"), [(400, False), (403, False), (404, False), (429, True), (500, True)]
)
def test_error_is_temporary_when_its_status_says_so(status: int, temporary: bool) -> None:
    assert read_error(respond(status, b'{"__type":"x#SomeException"}')).temporary is temporary


@pytest.mark.parametrize("code", sorted(REFUSED_KEYS))
def test_keys_are_refused_when_the_error_is_about_them(code: str) -> None:
    assert isinstance(
        read_error(respond(400, json.dumps({"__type": f"x#{code}"}).encode())), RefusedKeysError
    )
