"""The CDK's entry point: one stage's stack, `-c stage=NAME` among those of `cdk.json`."""

import os
import sys

from signalbox.constructs.errors import CdkError
from signalbox.constructs.node import check_node


def main() -> None:
    """Synthesize; what is wrong with the input is one sentence on standard error, and status 1."""
    try:
        check_node()
        # Else it says at length how old Node 20 is, where a sentence of ours is to be read.
        os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
        from cdk.synth import synthesize  # it starts Node

        synthesize(os.environ)
    except CdkError as error:
        sys.exit(f"cdk: {error}")


if __name__ == "__main__":
    main()
