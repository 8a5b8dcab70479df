"""Cutting what a sandbox prints into lines."""

import pytest

from signalbox.gateway.sandboxes.output import MAX_LINE, Output, write_line


@pytest.fixture
def lines() -> list[str]:
    """What the sink got."""
    return []


@pytest.fixture
def output(lines: list[str]) -> Output:
    """An output that names its sandbox."""
    return Output("sandbox-1", lambda name, line: lines.append(f"{name} {line}"))


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_lines_are_the_same_when_they_arrive_in_any_pieces(
    lines: list[str], output: Output, size: int
) -> None:
    data = "one\n\nthrée\nfour".encode()

    for start in range(0, len(data), size):
        output.feed(data[start : start + size])
    output.close()
    output.close()

    assert lines == ["sandbox-1 one", "sandbox-1 ", "sandbox-1 thrée", "sandbox-1 four"]


def test_report_becomes_lines_when_it_is_separated_by_carriage_returns(
    lines: list[str], output: Output
) -> None:
    output.feed(b"[ERROR] boom\rTraceback\r  line\r\nnext\n")

    assert lines == ["sandbox-1 [ERROR] boom", "sandbox-1 Traceback", "sandbox-1   line", "sandbox-1 next"]


def test_line_is_cut_when_it_is_too_long(lines: list[str], output: Output) -> None:
    for _ in range(100):
        output.feed(b"x" * MAX_LINE)
    output.feed(b"\n" + b"y" * MAX_LINE + b"\n")

    assert lines == [f"sandbox-1 {'x' * MAX_LINE}… (cut)", f"sandbox-1 {'y' * MAX_LINE}"]


def test_bytes_are_escaped_when_they_are_not_utf_8(lines: list[str], output: Output) -> None:
    output.feed(b"\xff\xfe ok\n")

    assert lines == ["sandbox-1 \\xff\\xfe ok"]


def test_line_goes_to_standard_error_when_nobody_else_wants_it(capsys: pytest.CaptureFixture[str]) -> None:
    write_line("sandbox-1", "hello")

    assert capsys.readouterr().err == "[sandbox-1] hello\n"
