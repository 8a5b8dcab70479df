"""A small application with two names, synthesized once, without bundling."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.infrastructure.requirements import need_node
from tests.infrastructure.templates import Template

if TYPE_CHECKING:
    from signalbox.constructs import RealtimeBackend


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The assembly of "demo-dev" with resources of its own, and of "other-dev" with none."""
    need_node()
    from aws_cdk import App

    from signalbox.constructs.synth import check
    from tests.framework.constructs import small_app

    assets = tmp_path_factory.mktemp("assets")
    (assets / "handlers.py").touch()
    app = App(outdir=str(tmp_path_factory.mktemp("cdk.out")))
    small_app.add_resources(small_app.backend(app, small_app.deployment(assets)))
    small_app.backend(app, small_app.deployment(assets, "other"), "Nothing")
    check(app)
    return app.synth()


@pytest.fixture(scope="session")
def demo(assembly: Any) -> Template:
    return Template(assembly.get_stack_by_name("demo-dev").template)


@pytest.fixture(scope="session")
def other(assembly: Any) -> Template:
    return Template(assembly.get_stack_by_name("other-dev").template)


@pytest.fixture
def make_backend(tmp_path: Path) -> "Callable[[str], RealtimeBackend]":
    """Make a backend with one of the settings classes, in an app that nothing synthesizes."""
    need_node()
    from aws_cdk import App

    from tests.framework.constructs import small_app

    def make(class_name: str) -> "RealtimeBackend":
        assets = tmp_path / "assets"
        assets.mkdir()
        app = App(outdir=str(tmp_path / "cdk.out"))
        return small_app.backend(app, small_app.deployment(assets), class_name)

    return make
