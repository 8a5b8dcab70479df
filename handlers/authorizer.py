"""The Lambda in front of `$connect`."""

from signalbox.functions.authorizer import handler

__all__ = ["handler"]
