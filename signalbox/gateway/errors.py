"""What can go wrong in the local gateway.

GatewayError
├── ConfigError           a setting that makes no sense
│   └── TemplateError     a CloudFormation template that cannot be read, or makes none
├── PortTakenError        the address cannot be listened on
└── InvalidAnswerError    the function answered something API Gateway does not understand
"""


class GatewayError(Exception):
    """Root of the tree; its text is one line fit for a terminal."""


class ConfigError(GatewayError):
    """A setting that makes no sense; the text names it."""


class TemplateError(ConfigError):
    """A CloudFormation template that cannot be read or makes no sense; the text says where."""


class PortTakenError(GatewayError):
    """The gateway cannot listen on its host and port."""


class InvalidAnswerError(GatewayError):
    """The function's answer is none API Gateway understands: 502 on `$connect`, an error frame elsewhere."""
