"""The input of one synth: a stage, the code of its functions, the account and the region."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Environment
from aws_cdk import aws_lambda as lambda_

from .stage import Stage


@dataclass(frozen=True, slots=True)
class DeploymentSettings:
    """The input of a stack. `synthesize` reads it from `cdk.json` and the command line.

    `code` has one entry for "websocket", which the worker and the sweeper run as well, and one for
    "authorizer". `env` is the account and the region, as far as they are known. `emulator` is the address of
    an emulator of AWS to deploy to instead; `docs/deploying.md` lists what differs there.
    """

    stage: Stage
    code: Mapping[str, lambda_.Code]
    env: Environment | None = None
    emulator: str | None = None

    @property
    def stack_name(self) -> str:
        """The stack's name: application and stage."""
        return self.stage.prefix

    @property
    def description(self) -> str:
        """The stack's description."""
        return f"{self.stage.title}: a real-time backend"
