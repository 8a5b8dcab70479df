"""Clients of a Signalbox backend: the page in ``page/`` and the command line, ``python -m client ws://…``."""
