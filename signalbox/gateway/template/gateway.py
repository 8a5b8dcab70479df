"""The gateway of a template."""

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
    """Every WebSocket API of a template, each of its stages at a path of its own. An async context manager.

    A stage is at `/{stage}`, or, where the template has several APIs, at `/{logical id}/{stage}`. Where it
    listens, how it runs functions and its limits are those of `config`; what a template says comes from the
    template, with `parameters` for its own. `config.environment` wins over what the template says.
    `unsupported` names in one line each what the template has and this gateway does not. Raises
    TemplateError, and PortTakenError on entry.
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
