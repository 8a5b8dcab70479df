import subprocess
import sys

import pytest

from signalbox.pricing import prices
from signalbox.pricing.broadcast import estimate
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("recipients", "gone", "size", "slices", "dollars"),
    [
        (24, 0, 1_000, 0, 24e-6 + 0.125e-6),
        (24, 0, 32_769, 0, 48e-6 + 0.125e-6),
        (0, 10, 1_000, 0, 30 * 0.625e-6),
        (0, 0, 1_000, 32, 96 * 0.4e-6 + 96 * 0.125e-6 + 66 * 0.625e-6),
    ],
)
def test_broadcast_costs_its_posts_its_reads_and_its_slices(
    recipients: int, gone: int, size: int, slices: int, dollars: float
) -> None:
    assert estimate(recipients, gone, size, slices) == pytest.approx(dollars)


@pytest.mark.parametrize("price", ["MESSAGE", "QUEUE_REQUEST", "READ_UNIT", "WRITE_UNIT"])
def test_estimate_follows_when_the_one_table_of_prices_changes(
    price: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = estimate(1_000, 10, 1_000, slices=32)
    monkeypatch.setattr(prices, price, 2 * getattr(prices, price))

    assert estimate(1_000, 10, 1_000, slices=32) > before


def test_estimate_loads_nothing_else_when_the_function_imports_it() -> None:
    program = (
        "import sys; before = set(sys.modules); import signalbox.pricing.broadcast;"
        "print(sorted(name for name in set(sys.modules) - before if name.startswith('signalbox')))"
    )

    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    rooms = "signalbox", "signalbox.lazy", "signalbox.pricing"
    names = *rooms, "signalbox.pricing.broadcast", "signalbox.pricing.prices"
    assert printed.stdout == f"{sorted(names)}\n"
