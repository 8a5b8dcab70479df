"""Errors of a synth. The text is one sentence for the reader.

CdkError
├── NodeError      Node is absent or too old
├── StageError     a stage's settings make no sense
├── BackendError   the stack gives the backend something that it cannot use, or leaves something out
└── BundleError    what a function runs could not be put together
"""


class CdkError(Exception):
    """Nothing was synthesized. The text is one sentence that says why."""


class NodeError(CdkError):
    """The CDK runs on Node, and this machine has none that the CDK can use."""


class StageError(CdkError):
    """The stage does not exist, or its settings make no sense. The text names what to change."""


class BackendError(CdkError):
    """The stack and the application do not fit together. The text names what to add or to change."""


class BundleError(CdkError):
    """The packages that a function needs could not be installed."""
