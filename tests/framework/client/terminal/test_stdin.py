import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from signalbox.client.terminal.stdin import read_chunks, split_lines


async def chunks_of(*chunks: bytes) -> AsyncIterator[bytes]:
    """A scripted input."""
    for chunk in chunks:
        yield chunk


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([], []),
        ([b"a\nb\n"], [b"a", b"b"]),
        ([b"a\nb"], [b"a", b"b"]),
        ([b"a", b"b\r", b"\n\nc\n"], [b"ab", b"", b"c"]),
    ],
)
async def test_lines_come_out_whole_when_the_input_comes_in_pieces(
    chunks: list[bytes], lines: list[bytes]
) -> None:
    assert [line async for line in split_lines(chunks_of(*chunks), 10)] == lines


async def test_a_line_is_cut_behind_the_limit_when_it_never_ends() -> None:
    chunks = chunks_of(*[b"x" * 1_000] * 50, b"\nshort\n", b"y" * 50)

    assert [line async for line in split_lines(chunks, 10)] == [b"x" * 11, b"short", b"y" * 11]


async def test_the_input_ends_when_the_pipe_is_closed() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"hello")
    os.close(writer)

    assert b"".join([chunk async for chunk in read_chunks(reader)]) == b"hello"
    os.close(reader)


async def test_all_of_it_arrives_when_the_input_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(b"x" * 1_000_000)
    descriptor = os.open(path, os.O_RDONLY)

    assert sum([len(chunk) async for chunk in read_chunks(descriptor)]) == 1_000_000
    os.close(descriptor)


async def test_the_input_ends_at_once_when_it_cannot_be_read(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)

    assert [chunk async for chunk in read_chunks(descriptor)] == []
    os.close(descriptor)
