"""The error frames of API Gateway, byte for byte (W67-W71).

They have spaces after `"message":` and after commas only. The connection stays open.
"""


def forbidden(connection_id: str, request_id: str) -> bytes:
    """Return the frame for a message without a route (W67)."""
    return _frame("Forbidden", connection_id, request_id)


def internal_server_error(connection_id: str, request_id: str) -> bytes:
    """Return the frame for a failure or an invalid answer of the function (W68)."""
    return _frame("Internal server error", connection_id, request_id)


def endpoint_timed_out(connection_id: str, request_id: str) -> bytes:
    """Return the frame for an integration timeout (W69)."""
    return _frame("Endpoint request timed out", connection_id, request_id)


def too_many_requests(connection_id: str, request_id: str) -> bytes:
    """Return the frame for a throttled message (W71). AWS does not publish its text."""
    return _frame("Too Many Requests", connection_id, request_id)


def _frame(message: str, connection_id: str, request_id: str) -> bytes:
    return (
        f'{{"message": "{message}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}'.encode()
    )
