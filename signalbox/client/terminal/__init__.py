"""The command line: a conversation on a terminal, or lines between pipes."""
