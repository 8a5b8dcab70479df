"""A check for Node, which the CDK runs on. Without Node, importing the CDK ends in an unreadable traceback.

`python -m signalbox.constructs.node` says in one sentence what is wrong.
"""

import re
import shutil
import subprocess
import sys

from .errors import NodeError

OLDEST = 20


def check_node(command: str = "node") -> None:
    """Raise NodeError unless `command` is a Node of version `OLDEST` or later."""
    path = shutil.which(command)
    if path is None:
        raise NodeError(f"the CDK needs Node {OLDEST} or later, and there is none on the PATH")
    printed = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - no shell, no input
    version = re.match(r"v(\d+)\.", printed)
    if version is None or int(version[1]) < OLDEST:
        raise NodeError(f"the CDK needs Node {OLDEST} or later; {path} is {printed or 'not one'}")


if __name__ == "__main__":
    try:
        check_node()
    except NodeError as error:
        sys.exit(f"cdk: {error}")
