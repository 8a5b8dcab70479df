"""Frames as they go out."""

from signalbox.publisher import MAX_FRAME_BYTES, FrameTooLargeError

from .frames import Frame


def encode(frame: Frame) -> bytes:
    """Return a frame's bytes. Raises FrameTooLargeError, before anything is stored or sent (W23, W30)."""
    data = frame.model_dump_json().encode()
    if len(data) > MAX_FRAME_BYTES:
        raise FrameTooLargeError(f"{len(data)} bytes, and {MAX_FRAME_BYTES} are allowed")
    return data
