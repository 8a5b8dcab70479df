"""One file per family of messages; each has a `router`."""
