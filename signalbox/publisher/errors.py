"""What the publisher raises.

PublisherError
├── FanOutError                  the recipients could not be read to the end; carries the report (`outcomes`)
├── FrameTooLargeError           a frame over API Gateway's limit: nothing was sent
├── InvalidSliceError            a message of the queue that is not one of ours, or of another release
└── QueueError                   the queue did not take everything; some of it may be in it
"""


class PublisherError(Exception):
    """The root of everything this package raises."""


class FrameTooLargeError(PublisherError):
    """A frame of more bytes than API Gateway takes (W23, W30); nothing was stored or sent."""


class InvalidSliceError(PublisherError):
    """A message that is not a slice of a broadcast, or is of a release that this one does not know."""


class QueueError(PublisherError):
    """The queue is throttled, unreachable or missing. What was put there before the failure stays in it."""
