"""Who may connect, and as whom: what the authorizer decides and what handlers learn of it."""
