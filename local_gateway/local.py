"""The local gateway as people run it: an API with one function of this machine behind it, in sandboxes."""

import re
from collections.abc import Callable
from types import TracebackType
from typing import Self

from .config import Config, Credentials
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

    The authorizer, if there is one, has sandboxes of its own, never in this process. An async context
    manager. Raises ConfigError for a handler of another form, PortTakenError on entry.
    What the function's code does wrong shows when it is first invoked, as it does on AWS.
    """

    def __init__(self, handler: str, config: Config) -> None:
        for role, name in (("handler", handler), ("authorizer", config.authorizer)):
            if name is not None and not _HANDLER.fullmatch(name):
                raise ConfigError(f"{role} {name!r} is not of the form module.function")
        super().__init__(config, self._run, authorize=self._judge if config.authorizer else None)
        self._handler = handler

    async def __aenter__(self) -> Self:
        """Begin to listen; sandboxes start with the first events."""
        await super().__aenter__()
        config = self._config
        self._environment = {
            "AWS_REGION": config.region,
            "AWS_DEFAULT_REGION": config.region,
            "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": self.endpoint,
            **_keys(config.credentials),
            **config.environment,
        }
        self._pool = self._pool_of(self._handler, "sandbox", in_process=config.in_process)
        # Without an authorizer nobody asks it, and it starts nothing.
        self._judges = self._pool_of(config.authorizer or "", "authorizer", in_process=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections, then end the sandboxes."""
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            await self._pool.close()
            await self._judges.close()

    async def _run(self, event: bytes, invocation_id: str) -> Result:
        return await self._pool.invoke(event, invocation_id)

    async def _judge(self, event: bytes, invocation_id: str) -> Result:
        return await self._judges.invoke(event, invocation_id)

    def _pool_of(self, handler: str, name: str, *, in_process: bool) -> Pool:
        config, limits = self._config, self._config.limits
        function = Function(handler, config.task_root, self._environment)
        kind: Callable[[str, Function], Sandbox] = (
            RuntimeSandbox if config.sandbox == "runtime" else SocketSandbox
        )
        if in_process:
            kind = InProcessSandbox
        return Pool(
            lambda number: kind(f"{name}-{number}", function),
            1 if in_process else config.sandboxes,
            timeout=limits.function_timeout,
            init_timeout=limits.init_timeout,
        )


def _keys(credentials: Credentials | None) -> dict[str, str]:
    """The variables in which an SDK looks for what `@connections` wants to see signed."""
    if credentials is None:
        return {}
    return {"AWS_ACCESS_KEY_ID": credentials.key_id, "AWS_SECRET_ACCESS_KEY": credentials.secret}
