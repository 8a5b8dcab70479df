"""What a client brings to a handshake; docs/authentication.md says where the server looks for it."""

import inspect
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

from ..errors import RefusedError
from .sockets import with_query

Ask = Callable[[], str | Awaitable[str]]
"""Gives a token or a ticket, at once or after a while. It is asked before every attempt to connect."""


class Credentials:
    """A token or a function that gives one, a function that gives tickets, or neither: then a guest."""

    def __init__(self, token: str | Ask | None, ticket: Ask | None) -> None:
        self._token = token
        self._ticket = ticket
        self._guest = secrets.token_urlsafe(16)

    @property
    def renewable(self) -> bool:
        """Whether the next attempt may bring something better."""
        return callable(self._token) or self._ticket is not None

    async def present(self, url: str) -> tuple[str, list[str]]:
        """The address and the subprotocols of one attempt. Raises AddressError and RefusedError."""
        if self._ticket:
            return with_query(url, ticket=await _ask(self._ticket)), []
        if self._token is not None:
            token = self._token if isinstance(self._token, str) else await _ask(self._token)
            return url, ["realtime.v1", f"bearer.{token}"]
        # The same guest over every connection, so that a publication sent again is known by its key.
        guest = with_query(url, client=self._guest)
        return url if "client" in parse_qs(urlsplit(url).query) else guest, []


async def _ask(ask: Ask) -> str:
    try:
        answer = ask()
        return await answer if inspect.isawaitable(answer) else answer
    except Exception as error:  # the application's own code: whatever it is, there is no token
        raise RefusedError(f"no token: {error}") from error
