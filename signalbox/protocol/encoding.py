"""Encodes outgoing frames."""

from signalbox.publisher import MAX_FRAME_BYTES, FrameTooLargeError

from .frames import Frame


def encode(frame: Frame) -> bytes:
    """Return a frame's bytes. Raises FrameTooLargeError, before anything is stored or sent (W23, W30)."""
    data = frame.model_dump_json().encode()
    if len(data) > MAX_FRAME_BYTES:
        raise FrameTooLargeError(f"the {frame.type} frame has {len(data)} bytes, over {MAX_FRAME_BYTES}")
    return data
