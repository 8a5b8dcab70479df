import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from signalbox.load_test.errors import FramingError
from signalbox.load_test.sockets.frames import (
    BINARY,
    CLOSE,
    MAX_MESSAGE,
    PING,
    PONG,
    TEXT,
    FrameReader,
    encode,
)

opcodes = st.sampled_from([TEXT, BINARY, CLOSE, PING, PONG])
sizes = st.sampled_from([0, 1, 3, 4, 125, 126, 127, 65_535, 65_536, 70_000])


def parse_as_server(data: bytes) -> Frame:
    """What the `websockets` library reads as a server, nothing left over."""
    stream = StreamReader()
    stream.feed_data(data)
    parsing = Frame.parse(stream.read_exact, mask=True)
    try:
        next(parsing)
    except StopIteration as parsed:
        assert not stream.buffer
        frame: Frame = parsed.value
        return frame
    raise AssertionError("not a whole frame")


@settings(deadline=None)
@given(st.sampled_from([TEXT, BINARY]), sizes, st.binary(min_size=4, max_size=4))
def test_a_server_reads_what_was_sent_when_it_is_encoded(opcode: int, size: int, mask: bytes) -> None:
    payload = bytes(number % 251 for number in range(size))

    frame = parse_as_server(encode(opcode, payload, mask))

    assert (frame.opcode, bytes(frame.data), frame.fin) == (opcode, payload, True)


def test_nothing_of_a_payload_is_readable_when_it_is_masked() -> None:
    assert b"secret" not in encode(TEXT, b"secret", b"\x01\x02\x03\x04")


messages = st.lists(
    st.tuples(st.lists(st.text(max_size=40), min_size=1, max_size=4), st.booleans(), st.binary(max_size=125)),
    max_size=6,
)


@settings(deadline=None)
@given(messages, st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_messages_are_whole_when_fragments_and_reads_are_cut_anywhere(
    sent: list[tuple[list[str], bool, bytes]], cuts: list[int]
) -> None:
    wire, expected = b"", []
    for fragments, pinged, ping in sent:
        for place, text in enumerate(fragments):
            opcode = Opcode.CONT if place else Opcode.TEXT
            last = place == len(fragments) - 1
            wire += Frame(opcode, text.encode(), fin=last).serialize(mask=False)
            if pinged and not last:  # a control frame may come between two fragments
                wire += Frame(Opcode.PING, ping).serialize(mask=False)
                expected.append((PING, ping))
        expected.append((TEXT, "".join(fragments).encode()))

    assert read(wire, cuts) == expected


@settings(deadline=None)
@given(sizes, st.lists(st.integers(100, 40_000), min_size=1, max_size=8))
def test_a_message_is_whole_when_it_is_long(size: int, cuts: list[int]) -> None:
    wire = Frame(Opcode.BINARY, bytes(size)).serialize(mask=False)

    assert read(wire + wire, cuts) == [(BINARY, bytes(size))] * 2


def test_a_character_may_be_cut_when_a_message_is_fragmented() -> None:
    euro = "€".encode()
    first = Frame(Opcode.TEXT, euro[:1], fin=False).serialize(mask=False)
    second = Frame(Opcode.CONT, euro[1:]).serialize(mask=False)

    assert read(first + second, [100]) == [(TEXT, euro)]


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (b"\x81\x81....a", 1002),  # masked
        (b"\x81\xfe....", 1002),  # masked and long
        (b"\xc1\x00", 1002),  # a reserved bit
        (b"\x83\x00", 1002),  # an unknown opcode
        (b"\x8b\x00", 1002),  # an unknown control opcode
        (b"\x80\x00", 1002),  # nothing to continue
        (b"\x01\x00\x81\x00", 1002),  # a new message within a fragmented one
        (b"\x01\x00\x81\x01a", 1002),
        (b"\x09\x00", 1002),  # a fragmented ping
        (b"\x89\x7e\x00\x7e" + bytes(126), 1002),  # a long ping
        (b"\x88\x01a", 1002),  # half a close code
        (b"\x81\x01\xff", 1007),
        (b"\x01\x01\xff\x80\x00", 1007),
        (b"\x81\x7f" + struct.pack("!Q", MAX_MESSAGE + 1), 1009),
        (b"\x01\x01a\x80\x7f" + struct.pack("!Q", MAX_MESSAGE) + bytes(MAX_MESSAGE), 1009),
    ],
)
def test_the_close_code_says_why_when_the_server_breaks_the_rules(wire: bytes, code: int) -> None:
    with pytest.raises(FramingError) as caught:
        read(wire, [1 << 21])

    assert caught.value.code == code


def test_what_came_before_is_not_lost_when_the_server_breaks_the_rules() -> None:
    reading = FrameReader().feed(b"\x81\x01a\x83\x00")

    assert next(reading) == (TEXT, b"a")
    with pytest.raises(FramingError):
        next(reading)


def read(wire: bytes, cuts: list[int]) -> list[tuple[int, bytes]]:
    """What a Reader makes of `wire` in pieces of these sizes, again and again."""
    reader, turn = FrameReader(), 0
    found: list[tuple[int, bytes]] = []
    while wire:
        cut = cuts[turn % len(cuts)]
        found += reader.feed(wire[:cut])
        wire, turn = wire[cut:], turn + 1
    return found
