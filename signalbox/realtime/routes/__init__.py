"""The built-in messages, one file for each family, each with a `router`."""
