"""What tests of the infrastructure take beside Python."""

import os

import pytest

from signalbox.constructs.errors import NodeError
from signalbox.constructs.node import check_node


def need_node() -> None:
    """Skip the module that asks where the CDK could not even be imported; in CI, fail."""
    os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "20"
    try:
        check_node()
    except NodeError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error), allow_module_level=True)
