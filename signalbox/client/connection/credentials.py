"""The credentials of a client. docs/authentication.md says where the server looks for them."""

import inspect
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

from ..errors import RefusedError
from .sockets import with_query

Ask = Callable[[], str | Awaitable[str]]
"""A function that returns a token or a ticket, or a coroutine function. Called before every attempt."""


class Credentials:
    """A token or a function that returns one, or a function that returns tickets. Without either: a guest."""

    def __init__(self, token: str | Ask | None, ticket: Ask | None) -> None:
        self._token = token
        self._ticket = ticket
        self._guest = secrets.token_urlsafe(16)

    @property
    def renewable(self) -> bool:
        """Whether the next attempt may use other credentials."""
        return callable(self._token) or self._ticket is not None

    async def apply(self, url: str) -> tuple[str, list[str]]:
        """Return the address and the subprotocols of one attempt. Raises AddressError and RefusedError."""
        if self._ticket:
            return with_query(url, ticket=await _ask(self._ticket)), []
        if self._token is not None:
            token = self._token if isinstance(self._token, str) else await _ask(self._token)
            return url, ["realtime.v1", f"bearer.{token}"]
        # A guest keeps one identity, so that the server recognises the idempotency keys of its retries.
        guest = with_query(url, client=self._guest)
        return url if "client" in parse_qs(urlsplit(url).query) else guest, []


async def _ask(ask: Ask) -> str:
    try:
        answer = ask()
        return await answer if inspect.isawaitable(answer) else answer
    except Exception as error:  # the application's own code may raise anything
        raise RefusedError(f"no token: {error}") from error
