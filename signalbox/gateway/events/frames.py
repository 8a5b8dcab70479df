"""The frames API Gateway itself sends to a client, byte for byte (W67-W71).

Spaces after `"message":` and after commas, and nowhere else. The connection stays open after each of them.
"""


def forbidden(connection_id: str, request_id: str) -> bytes:
    """No route matches the message and there is no `$default` (W67)."""
    return _frame("Forbidden", connection_id, request_id)


def internal_server_error(connection_id: str, request_id: str) -> bytes:
    """The function failed or answered nothing API Gateway understands (W68)."""
    return _frame("Internal server error", connection_id, request_id)


def endpoint_timed_out(connection_id: str, request_id: str) -> bytes:
    """The function took longer than the integration may; it goes on unheard (W69)."""
    return _frame("Endpoint request timed out", connection_id, request_id)


def too_many_requests(connection_id: str, request_id: str) -> bytes:
    """The message exceeds a throttle; nobody has published AWS's own words (W71)."""
    return _frame("Too Many Requests", connection_id, request_id)


def _frame(message: str, connection_id: str, request_id: str) -> bytes:
    return (
        f'{{"message": "{message}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}'.encode()
    )
