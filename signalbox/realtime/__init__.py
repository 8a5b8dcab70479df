"""The semantics: channels, presence, delivery, sessions, and the built-in messages."""
