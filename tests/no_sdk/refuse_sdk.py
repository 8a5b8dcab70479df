"""Importing this module refuses boto3 and botocore to all later imports."""

import sys
from importlib.abc import MetaPathFinder


class NoSdk(MetaPathFinder):
    """Finds no boto3 and no botocore."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Fail for a module of the SDK, and leave others to the next finder."""
        if name.partition(".")[0] in ("boto3", "botocore"):
            raise ModuleNotFoundError(f"no {name} in a function", name=name)


sys.meta_path.insert(0, NoSdk())
