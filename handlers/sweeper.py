"""The Lambda behind the clock."""

from signalbox.functions.sweeper import handler

__all__ = ["handler"]
