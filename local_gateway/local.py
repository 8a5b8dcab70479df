"""The local gateway as people run it: an API with one function of this machine behind it, in sandboxes."""

import re
from types import TracebackType
from typing import Self

from .config import Config
from .errors import ConfigError
from .gateway import Gateway
from .in_process import InProcessSandbox
from .pool import Pool
from .runtime_sandbox import RuntimeSandbox
from .sandbox import Function, Result, Sandbox
from .socket_sandbox import SocketSandbox

_HANDLER = re.compile(r"[\w/]+(\.\w+)+")


class LocalGateway(Gateway):
    """A WebSocket API in front of `handler`, a "module.function" found from the configured task root.

    An async context manager. Raises ConfigError for a handler of another form, PortTakenError on entry.
    What the function's code does wrong shows when it is first invoked, as it does on AWS.
    """

    def __init__(self, handler: str, config: Config) -> None:
        if not _HANDLER.fullmatch(handler):
            raise ConfigError(f"handler {handler!r} is not of the form module.function")
        super().__init__(config, self._run)
        self._handler = handler

    async def __aenter__(self) -> Self:
        """Begin to listen; sandboxes start with the first events."""
        await super().__aenter__()
        config = self._config
        environment = {
            "AWS_REGION": config.region,
            "AWS_DEFAULT_REGION": config.region,
            "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": self.endpoint,
            **config.environment,
        }
        self._function = Function(self._handler, config.task_root, environment)
        size, limits = 1 if config.in_process else config.sandboxes, config.limits
        self._pool = Pool(
            self._sandbox, size, timeout=limits.function_timeout, init_timeout=limits.init_timeout
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections, then end the sandboxes."""
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            await self._pool.close()

    async def _run(self, event: bytes, invocation_id: str) -> Result:
        return await self._pool.invoke(event, invocation_id)

    def _sandbox(self, number: int) -> Sandbox:
        name = f"sandbox-{number}"
        if self._config.in_process:
            return InProcessSandbox(name, self._function)
        kind = RuntimeSandbox if self._config.sandbox == "runtime" else SocketSandbox
        return kind(name, self._function)
