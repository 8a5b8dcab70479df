"""What an application consists of, from a checkout."""

import json
import tomllib
from itertools import chain

from signalbox.template.contents import COPIED, application_files, changelog
from tests.conftest import ROOT

BUILD = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]


def test_application_is_byte_for_byte_this_repositorys_when_its_files_are_copied() -> None:
    files = application_files("demo")
    copied = [path for path in files if path.startswith(COPIED) and path != "cdk.json"]

    assert [name for name in COPIED if not any(path.startswith(name) for path in files)] == []
    assert [path for path in copied if files[path] != (ROOT / path).read_bytes()] == []


def test_name_alone_differs_when_the_infrastructures_settings_are_copied() -> None:
    own = json.loads((ROOT / "cdk.json").read_text())
    copied = json.loads(application_files("demo")["cdk.json"])

    assert own["context"].pop("name") == "signalbox"
    assert copied["context"].pop("name") == "demo"
    assert copied == own


def test_hidden_files_have_their_dot_and_the_applications_name_when_written() -> None:
    files = application_files("demo")

    assert {".gitignore", ".github/workflows/test.yml", ".github/workflows/deploy.yml"} <= files.keys()
    assert tomllib.loads(files["pyproject.toml"].decode())["project"]["name"] == "demo"
    assert [path for path, content in files.items() if b"@NAME@" in content] == []
    assert [path for path in files if path.endswith(".pyc") or "dot-" in path] == []


def test_build_packs_what_is_copied_when_it_makes_the_wheel() -> None:
    packed = {
        source: target for source, target in BUILD["force-include"].items() if "/application/" in target
    }

    assert packed == {name: f"signalbox/template/application/{name}" for name in COPIED}


def test_others_packages_are_ranges_when_an_application_names_them() -> None:
    files = application_files("demo")
    project = tomllib.loads(files["pyproject.toml"].decode())["project"]
    extras = project["optional-dependencies"].values()
    requirements = [*project["dependencies"], *chain.from_iterable(extras)]
    node = json.loads(files["package.json"])["devDependencies"]

    assert [each for each in requirements if "==" in each or ">=" not in each] == []
    assert [each for each in node.values() if not each.startswith("^")] == []


def test_functions_load_the_same_here_and_in_an_application() -> None:
    """The application's own list leaves out boto3, which Lambda has."""
    here = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    there = tomllib.loads(application_files("demo")["pyproject.toml"].decode())["project"]

    assert there["dependencies"] == [each for each in here["dependencies"] if not each.startswith("boto3")]
    assert there["optional-dependencies"]["authorizer"] == here["optional-dependencies"]["authorizer"]


def test_changelog_has_a_section_for_this_version_when_read() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert f"\n## {version}\n" in changelog()
