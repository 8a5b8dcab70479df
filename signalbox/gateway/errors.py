"""The errors of the local gateway.

GatewayError
├── ConfigError           an invalid setting
│   └── TemplateError     an invalid or unreadable CloudFormation template
├── MissingPackageError   a package that is not installed (also an ImportError)
├── PortTakenError        an address that cannot be listened on
└── InvalidAnswerError    an answer of a function that API Gateway does not accept
"""

from typing import Self

_PACKAGES = {"websockets": "websockets", "yaml": "pyyaml"}


class GatewayError(Exception):
    """Root of the tree. The text is one line for a terminal."""


class ConfigError(GatewayError):
    """A setting is invalid. The text names it."""


class TemplateError(ConfigError):
    """A CloudFormation template is invalid or cannot be read. The text names the place."""


class MissingPackageError(GatewayError, ImportError):
    """A package of the extra `gateway` is not installed. The text has the command that installs it."""

    @classmethod
    def of(cls, error: ModuleNotFoundError) -> Self:
        """Return the error for a failed import. Raises `error` itself for a module of no such package."""
        package = _PACKAGES.get((error.name or "").partition(".")[0])
        if package is None:
            raise error
        return cls(f"signalbox gateway needs the package {package}: pip install 'signalbox[gateway]'")


class PortTakenError(GatewayError):
    """The gateway cannot listen on its host and port."""


class InvalidAnswerError(GatewayError):
    """A function's answer is invalid: status 502 for `$connect`, an error frame for a message."""
