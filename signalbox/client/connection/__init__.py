"""The connection of a client: opened, kept alive, replaced and closed here."""
