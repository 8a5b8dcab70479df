"""One set of AWS keys."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys to sign with. The repr shows no secret."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
