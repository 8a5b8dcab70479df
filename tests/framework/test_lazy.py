import gc
import sys
from pathlib import Path
from types import ModuleType

import pytest

from signalbox.lazy import loader


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package with a name in a module of its own, and one whose module fails."""
    folder = tmp_path / "lazy_package"
    folder.mkdir()
    homes = '{"NAME": ".home", "BROKEN": ".broken"}'
    (folder / "__init__.py").write_text(
        f"from signalbox.lazy import loader\n__getattr__ = loader(__name__, {homes})\n"
    )
    (folder / "home.py").write_text("import gc\nNAME = 'loaded'\nCOLLECTING = gc.isenabled()\n")
    (folder / "broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("lazy_package", "lazy_package.home", "lazy_package.broken"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import lazy_package  # type: ignore[import-not-found]  # it is made above

    module: ModuleType = lazy_package
    return module


def test_module_is_loaded_when_its_name_is_asked_for(package: ModuleType) -> None:
    assert "lazy_package.home" not in sys.modules
    assert package.NAME == "loaded"
    assert "lazy_package.home" in sys.modules


def test_nothing_is_collected_while_a_module_is_loaded_and_again_after_it(package: ModuleType) -> None:
    assert package.NAME == "loaded"
    assert package.home.COLLECTING is False
    assert gc.isenabled()

    with pytest.raises(ZeroDivisionError):
        _ = package.BROKEN
    assert gc.isenabled()


def test_attribute_is_missing_when_nothing_has_that_name() -> None:
    with pytest.raises(AttributeError, match="module 'somewhere' has no attribute 'nothing'"):
        loader("somewhere", {})("nothing")
