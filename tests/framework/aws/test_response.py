import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.aws.errors import InvalidResponseError
from signalbox.aws.response import MAX_RESPONSE_BYTES, Response, ResponseParser

EMPTY = b"HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 0\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n"
GONE = b"HTTP/1.1 410 Gone\r\nx-amzn-ErrorType: GoneException\r\ncontent-length:0\r\n\r\n"
BODY = b'HTTP/1.1 403 Forbidden\r\nX: y\r\nContent-Length:  23 \r\n\r\n{"message":"Forbidden"}'
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = CHUNKED_HEAD + b"5\r\nhello\r\n6;name=value\r\n\r\nwor\r\r\n2\r\nld\r\n0\r\n\r\n"
TRAILERS = CHUNKED_HEAD.upper() + b"A\r\n0123456789\r\n000\r\nDate: today\r\nx: y\r\n\r\n"
INFORMED = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + EMPTY
NO_REASON = b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"

COMPLETE = {
    EMPTY: (200, b""),
    NO_CONTENT: (204, b""),
    GONE: (410, b""),
    BODY: (403, b'{"message":"Forbidden"}'),
    CHUNKED: (200, b"hello\r\nwor\rld"),
    TRAILERS: (200, b"0123456789"),
    INFORMED: (200, b""),
    NO_REASON: (200, b"ok"),
}


def parse(*parts: bytes) -> Response | None:
    """The response of the last part; the parts before it must not give one."""
    parser = ResponseParser()
    for part in parts[:-1]:
        assert parser.feed(part) is None
    return parser.feed(parts[-1])


@pytest.mark.parametrize("data", COMPLETE)
def test_response_is_the_same_when_it_is_cut_anywhere(data: bytes) -> None:
    whole = parse(data)

    assert whole is not None
    assert (whole.status, whole.body, whole.keep_alive) == (*COMPLETE[data], True)
    assert all(parse(data[:cut], data[cut:]) == whole for cut in range(1, len(data)))


@pytest.mark.parametrize("data", COMPLETE)
def test_response_is_the_same_when_it_comes_byte_by_byte(data: bytes) -> None:
    assert parse(*(data[index : index + 1] for index in range(len(data)))) == parse(data)


@pytest.mark.parametrize("data", COMPLETE)
def test_connection_is_not_kept_when_more_comes_than_was_asked_for(data: bytes) -> None:
    response = parse(data + b"H")

    assert response is not None
    assert (response.status, response.body, response.keep_alive) == (*COMPLETE[data], False)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nconnection: x, Close\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_connection_is_not_kept_when_the_response_forbids_it(data: bytes) -> None:
    response = parse(data)

    assert response is not None
    assert not response.keep_alive


def test_body_is_complete_when_only_the_end_of_the_connection_ends_it() -> None:
    parser = ResponseParser()

    assert parser.feed(b"HTTP/1.1 200 OK\r\n\r\nhello") is None
    assert parser.feed(b" world") is None
    response = parser.end()
    assert response is not None
    assert (response.body, response.keep_alive) == (b"hello world", False)


@pytest.mark.parametrize("data", [b"", b"HTTP", EMPTY[:-2], BODY[:-1], CHUNKED[:-1], INFORMED[: -len(EMPTY)]])
def test_response_is_not_complete_when_the_connection_ends_inside_it(data: bytes) -> None:
    parser = ResponseParser()

    assert parser.feed(data) is None
    assert parser.end() is None


@pytest.mark.parametrize(
    "data",
    [
        b"\x00",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 600 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        CHUNKED_HEAD + b"x\r\n",
        CHUNKED_HEAD + b"\r\n",
        CHUNKED_HEAD + b"1\r\nab\r\n",
        CHUNKED_HEAD + b"fffffffff\r\n",
    ],
)
def test_garbage_is_refused_when_it_is_not_http(data: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        ResponseParser().feed(data)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nx: " + b"x" * MAX_RESPONSE_BYTES,
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_RESPONSE_BYTES + 1),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        CHUNKED_HEAD + b"1\r\nx\r\n" * (MAX_RESPONSE_BYTES // 6),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * MAX_RESPONSE_BYTES,
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_RESPONSE_BYTES // 25 + 1),
    ],
)
def test_response_is_refused_when_it_is_over_its_bound(data: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        ResponseParser().feed(data)


def test_header_is_found_when_its_case_differs() -> None:
    response = parse(GONE)

    assert response is not None
    assert response.header("X-Amzn-ErrorType") == "GoneException"
    assert response.header("errortype") is None


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([*COMPLETE, b"\r\n", b"0\r\n", b"HTTP/1.1 "]) | st.binary(max_size=30), max_size=6
    )
)
def test_parser_never_raises_anything_else_when_fed_anything(parts: list[bytes]) -> None:
    parser = ResponseParser()
    try:
        for part in parts:
            if parser.feed(part) is not None:
                return
        parser.end()
    except InvalidResponseError:
        pass
