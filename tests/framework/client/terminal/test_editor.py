import pytest

from signalbox.client.terminal.editor import Editor


def typed(*chunks: bytes) -> tuple[list[str], str]:
    """The lines that these keys finish, and what is left."""
    editor = Editor()
    return [line for chunk in chunks for line in editor.type(chunk)], editor.text


def test_a_line_is_finished_when_enter_is_pressed() -> None:
    assert typed(b"hel", b"lo\rmo", b"re") == (["hello"], "more")


def test_several_lines_are_finished_when_they_are_pasted() -> None:
    assert typed(b"a\nb\r\nc") == (["a", "b", ""], "c")


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (b"ab\x7f", "a"),
        (b"ab\b", "a"),
        (b"\x7f", ""),
        (b"ab\x15c", "c"),
        (b"one two\x17", "one"),
        (b"one\x17", ""),
        (b"a\x04b", "ab"),
        (b"a\x01\tb", "ab"),
    ],
)
def test_the_text_is_edited_when_a_control_key_is_pressed(keys: bytes, text: str) -> None:
    assert typed(keys) == ([], text)


@pytest.mark.parametrize("keys", [b"\x1b[A", b"\x1b[1;5C", b"\x1bOP", b"\x1b[3~", b"\x1bx", b"\x1b"])
def test_nothing_is_typed_when_a_key_sends_an_escape_sequence(keys: bytes) -> None:
    assert typed(b"a", keys, b"b") == ([], "ab")


def test_a_character_is_whole_when_its_bytes_come_apart() -> None:
    assert typed(b"caf\xc3", b"\xa9") == ([], "café")


def test_the_input_ends_when_ctrl_d_is_pressed_on_an_empty_line() -> None:
    with pytest.raises(EOFError):
        typed(b"ab\x15\x04")


@pytest.mark.parametrize(
    ("text", "columns", "visible"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 3, "def"),
        ("日本語", 4, "本語"),
        ("日本語", 5, "本語"),
        ("e\u0301", 1, "e\u0301"),
    ],
)
def test_the_end_is_visible_when_the_text_is_longer_than_the_row(
    text: str, columns: int, visible: str
) -> None:
    editor = Editor()
    list(editor.type(text.encode()))

    assert editor.visible(columns) == visible
