"""The Lambda behind the queue."""

from signalbox.functions.worker import handler

__all__ = ["handler"]
