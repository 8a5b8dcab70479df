"""The gateway that runs a template."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import Config
from ..errors import TemplateError
from ..local import SandboxGateway
from .apis import stages_of
from .template import Template

if TYPE_CHECKING:
    from ..faults.plan import FaultPlan


class TemplateGateway(SandboxGateway):
    """Every WebSocket API of a template, with each stage at its own path. An async context manager.

    A stage is at `/{stage}`. If the template has several APIs, it is at `/{logical id}/{stage}`. `config` has
    the address, the limits, and how functions run. `parameters` are those of the template.
    `config.environment` overrides variables of the template. `unsupported` has one line for each part of the
    template that this gateway does not support. Raises TemplateError, and PortTakenError on entry.
    """

    def __init__(
        self,
        template: str | Path,
        config: Config,
        parameters: Mapping[str, str] | None = None,
        faults: "FaultPlan | None" = None,
    ) -> None:
        read = Template(Path(template), config.region, parameters or {})
        try:
            stages = stages_of(read, config)
        except RecursionError as error:
            raise TemplateError(f"{template}: something in it refers to itself") from error
        self.unsupported = tuple(read.unsupported)
        super().__init__(*stages, faults=faults)
