"""The Lambda behind `$connect`, `$disconnect` and `$default`."""

from signalbox.functions.websocket import handler

__all__ = ["handler"]
