"""What is wrong with the input of a synth, in one sentence for the reader.

CdkError
├── NodeError     Node is absent or too old
├── StageError    a stage's settings make no sense
└── BundleError   what a function runs could not be put together
"""


class CdkError(Exception):
    """Nothing was synthesized; the text is one sentence that says why."""


class NodeError(CdkError):
    """The CDK runs on Node, and there is none that it can use."""


class StageError(CdkError):
    """The stage does not exist, or its settings make no sense; the text names what to change."""


class BundleError(CdkError):
    """The packages a function needs could not be installed."""
