"""How long a connection lasts, and how much it may send."""
