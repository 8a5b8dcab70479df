"""What AWS charges, in one table, and what a broadcast costs by it.

US dollars a million in us-east-1, on demand, first tier, from the price pages of API Gateway (WebSocket
APIs), SQS (standard queues) and DynamoDB. Lambda's share is left out: less than a hundredth of the posts'.
"""

from math import ceil
from typing import Final

MESSAGE: Final = 1.00
"""Each 32 KB begun of a frame, to each recipient."""

QUEUE_REQUEST: Final = 0.40
READ_UNIT: Final = 0.125
WRITE_UNIT: Final = 0.625

_MESSAGE_BYTES = 32_768
_ROWS_IN_A_READ_UNIT = 24
"""Connections' rows of about 340 bytes in the 8 KB that an eventually consistent unit reads."""

_REQUESTS_A_SLICE = 3
"""Sent, received, deleted."""

_READS_A_SLICE, _WRITES_A_SLICE = 2, 2
_WRITES_A_GONE = 3


def estimate(recipients: int, gone: int, size: int, slices: int = 0) -> float:
    """The dollars that a broadcast of a frame of `size` bytes costs, in `slices` through the queue."""
    frame_writes = 2 * ceil(size / 1_024) if slices else 0
    frame_reads = slices * ceil(size / 8_192)
    reads = recipients / _ROWS_IN_A_READ_UNIT + slices * _READS_A_SLICE + frame_reads
    writes = gone * _WRITES_A_GONE + slices * _WRITES_A_SLICE + frame_writes
    millions = (
        recipients * ceil(size / _MESSAGE_BYTES) * MESSAGE
        + slices * _REQUESTS_A_SLICE * QUEUE_REQUEST
        + reads * READ_UNIT
        + writes * WRITE_UNIT
    )
    return millions / 1_000_000
