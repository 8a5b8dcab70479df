"""One set of AWS keys."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys to sign with. The repr shows no secret."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @property
    def texts(self) -> tuple[str, str, str]:
        """The keys as they are written into a request."""
        return self.access_key, self.secret_key, self.session_token or ""
