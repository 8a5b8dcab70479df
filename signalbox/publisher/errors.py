"""Errors of the publisher.

PublisherError
├── FanOutError                  reading the recipients failed; holds the report so far (`outcomes`)
├── FrameTooLargeError           a frame exceeds API Gateway's limit; nothing was sent
├── InvalidSliceError            a message of the queue is no slice, or of an unknown release
└── QueueError                   the queue did not accept every slice; some may be in it
"""


class PublisherError(Exception):
    """Base class of this package's errors."""


class FrameTooLargeError(PublisherError):
    """A frame exceeds API Gateway's limit (W23, W30). Nothing was stored or sent."""


class InvalidSliceError(PublisherError):
    """A message is no slice of a broadcast, or has a version that this release cannot read."""


class QueueError(PublisherError):
    """The queue is throttled, unreachable or missing. Slices sent before the failure stay in it."""
