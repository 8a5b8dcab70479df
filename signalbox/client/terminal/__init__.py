"""The command line: a conversation on a terminal, lines between pipes."""
