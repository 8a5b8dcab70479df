"""The services of this application: a database client, a mailer. Handlers get them by type."""

from signalbox import ForbiddenError

from .settings import Settings


class Moderation:
    """Refuses texts with blocked words."""

    def __init__(self, blocked: frozenset[str]) -> None:
        self._blocked = blocked

    def check(self, text: str) -> None:
        """Raise ForbiddenError for a text with a blocked word."""
        if not self._blocked.isdisjoint(text.casefold().split()):
            raise ForbiddenError("a blocked word")


class Services:
    """Made once in each sandbox. A handler that asks for `Moderation` gets the attribute of that type."""

    moderation: Moderation

    def __init__(self, settings: Settings) -> None:
        self.moderation = Moderation(frozenset(settings.blocked_words.casefold().split()))
