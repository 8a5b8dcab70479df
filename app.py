"""The CDK's entry point: the stack of one stage of `cdk.json`, chosen with `-c stage=NAME`."""

import os
import sys

from signalbox.constructs.errors import CdkError
from signalbox.constructs.node import check_node


def main() -> None:
    """Synthesize. If the input is wrong, print one sentence on standard error and exit with status 1."""
    try:
        check_node()
        # Without it, the CDK prints a page about the age of Node 20 around that sentence.
        os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
        # These imports start Node.
        from cdk.stack import RealtimeStack
        from signalbox.constructs import synthesize

        synthesize(RealtimeStack, os.environ)
    except CdkError as error:
        sys.exit(f"cdk: {error}")
    except ModuleNotFoundError as error:
        sys.exit(f"cdk: the infrastructure needs the package {error.name}: pip install 'signalbox[cdk]'")


if __name__ == "__main__":
    main()
