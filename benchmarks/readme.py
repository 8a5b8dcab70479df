"""The tables of the README that measurements keep up to date."""

from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def replace(text: str, name: str, table: str) -> str:
    """`text` with `table` between the two comments with that name. Raises ValueError without them."""
    first, last = f"<!-- benchmarks.{name} -->", f"<!-- /benchmarks.{name} -->"
    before, found, rest = text.partition(first)
    _, end, after = rest.partition(last)
    if not found or not end:
        raise ValueError(f"there is no {first} … {last}")
    return f"{before}{first}\n{table}\n{last}{after}"


def write(name: str, table: str) -> None:
    """Replace the table with that name in README.md."""
    README.write_text(replace(README.read_text(), name, table))
