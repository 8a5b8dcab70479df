"""The request log: one line per event, without contents, query strings or anything a client wrote."""

import logging

_log = logging.getLogger("local_gateway")


def record(connection_id: str, event: str, seconds: float, result: str) -> None:
    """Log one event: whose, its route key or the method of an `@connections` call, and the result."""
    _log.info("%s %-12s %8.1f ms  %s", connection_id, event, seconds * 1000, _printable(result))


def _printable(text: str) -> str:
    """An error's type is the function's own choice: keep it to one short line."""
    return "".join(character for character in text[:80] if character.isprintable())
