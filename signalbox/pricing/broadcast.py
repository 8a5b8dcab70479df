"""The cost of a broadcast. The WebSocket function imports this module, so it stays small.

Lambda's share is left out: it is less than a hundredth of the posts'.
"""

from math import ceil
from typing import Final

from . import prices

ROWS_IN_A_READ_UNIT: Final = 24
"""Connections' rows of about 340 bytes in the 8 KB that an eventually consistent unit reads."""

_MESSAGE_BYTES = 32_768
_REQUESTS_A_SLICE = 3
"""Sent, received, deleted."""

_READS_A_SLICE, _WRITES_A_SLICE = 2, 2
_WRITES_A_GONE = 3


def estimate(recipients: int, gone: int, size: int, slices: int = 0) -> float:
    """Return the dollars that a broadcast of a frame of `size` bytes costs, in `slices` through the queue."""
    frame_writes = 2 * ceil(size / 1_024) if slices else 0
    frame_reads = slices * ceil(size / 8_192)
    reads = recipients / ROWS_IN_A_READ_UNIT + slices * _READS_A_SLICE + frame_reads
    writes = gone * _WRITES_A_GONE + slices * _WRITES_A_SLICE + frame_writes
    return (
        recipients * ceil(size / _MESSAGE_BYTES) * prices.MESSAGE
        + slices * _REQUESTS_A_SLICE * prices.QUEUE_REQUEST
        + reads * prices.READ_UNIT
        + writes * prices.WRITE_UNIT
    )
