"""A queue without SQS."""

from collections.abc import Sequence

from signalbox.publisher import QueueError, Slice


class MemoryQueue:
    """Holds what was sent; fails while `broken`."""

    def __init__(self) -> None:
        self.slices: list[Slice] = []
        self.delays: list[int] = []
        self.broken = False

    async def send(self, slices: Sequence[Slice], *, delay: int = 0) -> None:
        if self.broken:
            raise QueueError("EndpointConnectionError")
        self.slices += slices
        self.delays += [delay] * len(slices)
