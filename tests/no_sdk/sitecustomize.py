"""Refuses the AWS SDK to this repository's functions: nothing that answers an event may load it.

Python imports this module when it starts: `tests/conftest.py` puts this folder on PYTHONPATH, and the local
run passes that on (`[tool.signalbox.environment]` in pyproject.toml).
"""

import os
import sys
from importlib.abc import MetaPathFinder


class NoSdk(MetaPathFinder):
    """Finds no boto3 and no botocore."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Fail for a module of the SDK, and leave others to the next finder."""
        if name.partition(".")[0] in ("boto3", "botocore"):
            raise ModuleNotFoundError(f"no {name} in a function", name=name)


if os.environ.get("_HANDLER", "").startswith("handlers."):
    sys.meta_path.insert(0, NoSdk())
