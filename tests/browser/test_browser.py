"""What happens where there is no browser."""

from pathlib import Path

import pytest

from tests.browser import conftest


@pytest.fixture(autouse=True)
def _no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without one."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(conftest, "MACOS", Path("/nowhere"))


def test_the_tests_fail_when_ci_has_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="apt install chromium"):
        conftest.find_browser()


def test_the_tests_are_skipped_when_a_person_has_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="apt install chromium"):
        conftest.find_browser()
