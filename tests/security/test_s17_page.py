"""S17: what people say is shown as text. `tests/browser` has them say markup."""

import re

import pytest

from tests.conftest import ROOT

MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc")
PAGE = ROOT / "signalbox" / "dev" / "page"
FILES = sorted(
    path for path in (*PAGE.rglob("*"), *(ROOT / "browser").rglob("*")) if path.suffix in {".html", ".js"}
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_s17_nothing_makes_markup_of_text_when_the_page_is_read(path: object) -> None:
    assert not MARKUP.search(ROOT.joinpath(str(path)).read_text(encoding="utf-8"))


def test_s17_page_has_no_script_or_style_of_its_own_when_read() -> None:
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|javascript:", page)
