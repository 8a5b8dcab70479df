"""Explanations of refusals, close codes and network errors, for people."""

import errno
import http
import socket
import ssl

from websockets.exceptions import InvalidHandshake, InvalidProxy, InvalidStatus, ProxyError

_STATUSES = {
    400: "the backend did not accept the request; a display name has 1 to 64 characters",
    401: "no valid credentials; is the token missing or expired?",
    403: "not allowed, or there is no such stage; the address ends in the stage's name",
    404: "nothing at this path; the address ends in the stage's name",
    426: "this path is for something else; the address ends in the stage's name",
    429: "too many connections at once; try again in a moment",
    500: "the backend could not be asked",
    502: "the backend failed while it was deciding; its log says why",
    503: "the backend is unavailable; try again in a moment",
    504: "the backend took too long to decide",
}

_CLOSES = {
    1000: "closed normally",
    1001: "going away: idle for ten minutes, open for two hours, or the server is stopping",
    1002: "protocol error",
    1003: "the server does not take binary frames",
    1005: "closed without a reason",
    1006: "the connection broke: the server or the network is gone",
    1007: "text that is not UTF-8",
    1008: "refused by the server's rules",
    1009: "too large: a frame over 32 KB or a message over 128 KB",
    1011: "the server failed, or stopped answering pings",
    1012: "the server restarts",
    1013: "the server is overloaded; try again later",
    1015: "TLS failed",
}


def explain_address(url: str, error: Exception) -> str:
    """Say why ``url`` is not the address of a WebSocket."""
    if not url.startswith(("ws://", "wss://")):
        return f"{url!r} is not a WebSocket address: it must begin with ws:// or wss://"
    return f"{url!r} is not a WebSocket address: {str(error).rpartition(': ')[2]}"


def explain_refusal(status: int) -> str:
    """Say what the HTTP status of a refused handshake means."""
    names = {known.value: known.phrase for known in http.HTTPStatus}
    meaning = _STATUSES.get(status, "the server does not open a WebSocket here")
    return f"refused: HTTP {status} {names.get(status, '')}".rstrip() + f" ({meaning})"


def explain_close(code: int, reason: str) -> str:
    """Say what a close code means, and quote the server's own reason."""
    meaning = _CLOSES.get(code, "a reason of the application's own" if code >= 4000 else "an unknown reason")
    return f"connection closed: {code}, {meaning}" + (f" ({reason!r})" if reason else "")


def explain_failure(error: Exception, seconds: float) -> str:
    """Say why the connection failed. ``seconds`` is how long the client tried."""
    match error:
        case InvalidStatus():
            return explain_refusal(error.response.status_code)
        case ProxyError() | InvalidProxy() | ImportError():
            return f"the proxy on the way cannot be used: {error}"
        case InvalidHandshake():
            return "refused: whatever answers there does not speak WebSocket"
        case TimeoutError():
            return f"no answer within {seconds:g} s"
        case OSError():
            return _explain_network(error)
    return f"no connection: {error}"


def _explain_network(error: OSError) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"the server's certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return "TLS failed; does the server want ws:// instead of wss://?"
        case socket.gaierror():
            return f"no such host: {error.strerror}"
        case ConnectionResetError():
            return "the other side hung up at once; is it ws:// or wss://?"
    # For a name with several addresses the error has no errno and quotes the error of each address.
    if error.errno == errno.ECONNREFUSED or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return "connection refused: nothing listens there; is the backend running?"
    return f"no connection: {error}"
