from pathlib import Path

import pytest

from signalbox.constructs.errors import NodeError
from signalbox.constructs.node import check_node


def node(folder: Path, says: str) -> str:
    program = folder / "node"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("version", ["v20.20.2", "v24.0.0"])
def test_node_serves_when_it_is_new_enough(version: str, tmp_path: Path) -> None:
    check_node(node(tmp_path, version))


@pytest.mark.parametrize("says", ["v18.19.0", "v8.1.0", "", "node"])
def test_node_is_refused_when_it_is_too_old_or_something_else(says: str, tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="the CDK needs Node 20 or later; "):
        check_node(node(tmp_path, says))


def test_node_is_missed_when_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="there is none on the PATH"):
        check_node(str(tmp_path / "node"))
