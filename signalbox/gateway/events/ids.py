"""Identifiers in the format of API Gateway. Code that forgets to URL-encode them fails here, too."""

import base64
import re
import uuid
from collections.abc import Callable

_SHAPE = re.compile(r"[A-Za-z0-9_-]{15}=")


def is_connection_id(text: str) -> bool:
    """Whether `text` has the format of a connection id (W39)."""
    return bool(_SHAPE.fullmatch(text))


class IdGenerator:
    """Creates ids of 11 bytes, written as 16 characters of URL-safe base64 with a final `=` (W39).

    Eight bytes rise strictly with time, and three are random. `now` is the clock in epoch milliseconds.
    `entropy(n)` returns n random bytes.
    """

    def __init__(self, now: Callable[[], int], entropy: Callable[[int], bytes]) -> None:
        self._now = now
        self._entropy = entropy
        self._last = 0

    def connection(self) -> str:
        """Return a new connection id."""
        return self._rising(self._entropy(3))

    def request(self) -> str:
        """Return a new request id. Each event has one, and each error frame without an event."""
        return self._rising(self._entropy(3))

    def message(self, connection_id: str) -> str:
        """Return a new message id. Its last three bytes are those of the connection (W39)."""
        return self._rising(base64.urlsafe_b64decode(connection_id)[-3:])

    def invocation(self) -> str:
        """Return a new id for one invocation, a UUID as on Lambda."""
        return str(uuid.UUID(bytes=self._entropy(16), version=4))

    def trace(self) -> str:
        """Return a new value of `X-Amzn-Trace-Id`: seconds and 12 random bytes, in hex (W41)."""
        return f"Root=1-{self._now() // 1000:08x}-{self._entropy(12).hex()}"

    def _rising(self, tail: bytes) -> str:
        self._last = max(self._last + 1, self._now() << 16)
        return base64.urlsafe_b64encode(self._last.to_bytes(8, "big") + tail).decode()
