import pytest

from benchmarks.readme import README, replace

TEXT = "before\n<!-- benchmarks.fanout -->\n| old |\n<!-- /benchmarks.fanout -->\nafter\n"


def test_only_the_table_changes_when_it_is_written() -> None:
    written = replace(TEXT, "fanout", "| new |")

    assert written == TEXT.replace("old", "new")
    assert replace(written, "fanout", "| new |") == written


@pytest.mark.parametrize("text", ["", TEXT.replace("/", ""), TEXT.replace("fanout", "other")])
def test_nothing_is_written_when_there_is_no_place_for_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"there is no <!-- benchmarks\.fanout -->"):
        replace(text, "fanout", "| new |")


def test_the_readme_has_a_place_for_the_table_when_it_is_measured() -> None:
    written = replace(README.read_text(), "fanout", "| new |")

    assert replace(written, "fanout", "| new |") == written
