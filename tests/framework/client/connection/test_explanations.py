import errno
import socket
import ssl

import pytest
from websockets.exceptions import InvalidMessage, InvalidProxy

from signalbox.client.connection.explanations import explain_close, explain_failure, explain_refusal


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 1012, 1013, 1015]
)
def test_a_close_code_has_a_meaning_when_it_is_a_known_one(code: int) -> None:
    assert explain_close(code, "").startswith(f"connection closed: {code}, ")
    assert "unknown" not in explain_close(code, "")


def test_a_close_quotes_the_reason_when_the_server_gave_one() -> None:
    assert (
        explain_close(4001, "bye\x1b")
        == "connection closed: 4001, a reason of the application's own ('bye\\x1b')"
    )
    assert explain_close(3000, "") == "connection closed: 3000, an unknown reason"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "HTTP 401 Unauthorized (no valid credentials"),
        (403, "HTTP 403 Forbidden (not allowed, or there is no such stage"),
        (429, "HTTP 429 Too Many Requests (too many connections"),
        (502, "HTTP 502 Bad Gateway (the backend failed"),
        (504, "HTTP 504 Gateway Timeout (the backend took too long"),
        (200, "HTTP 200 OK (the server does not open a WebSocket here)"),
        (499, "HTTP 499 (the server does not open a WebSocket here)"),
    ],
)
def test_a_refusal_has_a_meaning_when_a_status_comes_back(status: int, said: str) -> None:
    assert said in explain_refusal(status)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError(), "no answer within 30 s"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "no"), "nothing listens there"),
        (
            OSError(
                "Multiple exceptions: [Errno 111] …, [Errno 111] …".replace("111", str(errno.ECONNREFUSED))
            ),
            "nothing listens",
        ),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "Network is unreachable"),
        (socket.gaierror(-2, "Name or service not known"), "no such host: Name or service not known"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "ws:// instead of wss://"),
        (ConnectionResetError(), "hung up"),
        (InvalidMessage("did not receive a valid HTTP response"), "does not speak WebSocket"),
        (InvalidProxy("x://", "unknown"), "proxy"),
        (ImportError("python-socks is required"), "proxy"),
        (UnicodeError("label too long"), "label too long"),
    ],
)
def test_a_failure_is_said_in_words_when_no_connection_comes_about(error: Exception, said: str) -> None:
    assert said in explain_failure(error, 30)
