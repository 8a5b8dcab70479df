"""The environment variables of this application, beside the framework's.

A field `blocked_words: str` reads the variable BLOCKED_WORDS. Set it for a deployment in `cdk/stack.py`, with
`self.backend.environment(BLOCKED_WORDS=...)`, and for `make dev` in pyproject.toml, under
`[tool.signalbox.environment]`.
"""

import signalbox


class Settings(signalbox.Settings):
    """The application's own settings."""

    blocked_words: str = ""
    """Words, with spaces between, that no topic may hold."""
