"""Refuses the AWS SDK to this repository's functions: nothing that answers an event may load it.

Python imports this module when it starts: `tests/conftest.py` puts this folder on PYTHONPATH, and the local
run passes that on (`[tool.signalbox.environment]` in pyproject.toml). It parses on any Python.
"""

import os

if os.environ.get("_HANDLER", "").startswith("handlers."):
    import refuse_sdk  # type: ignore[import-not-found]  # noqa: F401 - beside this file
