"""The local gateway in front of functions of this machine, which run in sandboxes."""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .config import Config, Credentials, SandboxKind
from .errors import ConfigError
from .gateway import Gateway
from .reload import watch
from .sandboxes.in_process import InProcessSandbox
from .sandboxes.pool import SandboxPool
from .sandboxes.runtime_sandbox import RuntimeSandbox
from .sandboxes.sandbox import Failure, Function, Sandbox
from .sandboxes.socket_sandbox import SocketSandbox
from .sockets.integration import Invoke
from .stage import Stage

if TYPE_CHECKING:
    from .faults.plan import FaultPlan

_log = logging.getLogger("signalbox.gateway")
_HANDLER = re.compile(r"[\w/]+(\.\w+)+")
_ON_AWS = re.compile(r"(http|ws)s://([\w-]+)\.execute-api\.[\w-]+\.amazonaws\.com(?:\.cn)?")


class SandboxGateway(Gateway):
    """Stages of WebSocket APIs in front of functions of this machine. An async context manager.

    Each stage has sandboxes of its own for a function, with the `@connections` endpoint of that stage. An
    authorizer never runs in this process. Errors of a function's code appear at its first invocation, as on
    AWS. Raises ConfigError for a handler that Lambda would not accept, PortTakenError on entry.
    """

    def __init__(self, *stages: Stage[Function], faults: "FaultPlan | None" = None) -> None:
        self._pools: list[SandboxPool] = []
        self._init_errors: dict[str, str] = {}
        self._task_roots: set[Path] = set()
        self._watching: asyncio.Task[None] | None = None
        behind_routes = {(stage.config.path, to.name) for stage in stages for to in stage.routes.values()}
        if stages[0].config.in_process and len(behind_routes) > 1:
            raise ConfigError(
                f"in_process runs one function, but the routes have {len(behind_routes)}: remove in_process"
            )
        if stages[0].config.in_process and faults and faults.kills:
            raise ConfigError("the fault kill needs sandbox processes: remove in_process")
        super().__init__(*map(self._bind_functions, stages), faults=faults)

    async def __aenter__(self) -> Self:
        """Start to listen. Sandboxes start with the first events."""
        await super().__aenter__()
        if self._config.reload:
            self._watching = asyncio.create_task(watch(self._task_roots, self._restart_sandboxes))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections, then stop the sandboxes."""
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            if self._watching is not None:
                self._watching.cancel()
                await asyncio.wait({self._watching})
            for pool in self._pools:
                await pool.close()

    @property
    def init_error(self) -> str | None:
        """The last error of a function that cannot be loaded, as one line. None once it has loaded."""
        return next(reversed(self._init_errors.values()), None)

    def host(self, function: Function) -> Invoke:
        """Create sandboxes for a function without a route. Return the callable that invokes it."""
        return self._pool("function", self._config, function, in_process=False).invoke

    def _bind_functions(self, stage: Stage[Function]) -> Stage[Invoke]:
        config = stage.config
        pools: dict[str, SandboxPool] = {}
        for function in stage.routes.values():
            if function.name not in pools:
                pools[function.name] = self._pool("handler", config, function, in_process=config.in_process)
        routes = {key: pools[function.name].invoke for key, function in stage.routes.items()}
        if stage.authorizer is None:
            return Stage(config, routes)
        authorizers = self._pool("authorizer", config, stage.authorizer, in_process=False)
        return Stage(config, routes, authorizers.invoke)

    def _pool(self, role: str, config: Config, function: Function, *, in_process: bool) -> SandboxPool:
        if not _HANDLER.fullmatch(function.handler):
            raise ConfigError(f"{role} {function.handler!r} is not of the form module.function")
        kind = InProcessSandbox if in_process else _sandbox_class(config.sandbox)
        pool = SandboxPool(
            partial(self._sandbox, kind, config, function),
            1 if in_process else config.sandboxes,
            timeout=function.timeout,
            init_timeout=config.limits.init_timeout,
            loaded=partial(self._loaded, function),
        )
        self._pools.append(pool)
        self._task_roots.add(function.task_root)
        return pool

    def _sandbox(
        self, kind: Callable[[str, Function], Sandbox], config: Config, function: Function, number: int
    ) -> Sandbox:
        environment = {
            "AWS_REGION": config.region,
            "AWS_DEFAULT_REGION": config.region,
            "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": self.stages[config.path].endpoint,
            **_keys(config.credentials),
            **{name: _ON_AWS.sub(self._local_address, value) for name, value in function.environment.items()},
            **config.environment,
        }
        make = self.hooks.sandbox(kind)
        return make(f"{function.name}-{number}", replace(function, environment=environment))

    def _local_address(self, address: re.Match[str]) -> str:
        """Return the local URL for the AWS address of an API that this gateway runs."""
        for stage in self._stages:
            if stage.config.api_id == address[2]:
                return "/".join(filter(None, (f"{address[1]}://{self._domain}", stage.config.prefix)))
        return address[0]

    def _loaded(self, function: Function, failure: Failure | None) -> None:
        self._init_errors.pop(function.name, None)
        if failure is None:
            return
        text = " ".join((failure.message or failure.detail or failure.error_type).split())
        self._init_errors[function.name] = text
        if failure.message:
            # The request log has the reason of every other failure.
            _log.error("%s cannot be loaded: %s", function.handler, text)

    def _restart_sandboxes(self) -> None:
        for pool in self._pools:
            pool.restart()


class LocalGateway(SandboxGateway):
    """One stage in front of `handler`, a "module.function" in the configured task root.

    The authorizer, if there is one, is in the same folder. An async context manager. Raises ConfigError for
    a handler of another form, PortTakenError on entry. For example:

        async with LocalGateway("echo.handler", Config(port=0)) as gateway:
            print(gateway.websocket_url)
    """

    def __init__(self, handler: str, config: Config, faults: "FaultPlan | None" = None) -> None:
        function = Function(handler, config.task_root, name="sandbox", timeout=config.limits.function_timeout)
        authorizer = config.authorizer and replace(function, handler=config.authorizer, name="authorizer")
        super().__init__(Stage.of(config, function, authorizer or None), faults=faults)


def _sandbox_class(kind: SandboxKind) -> Callable[[str, Function], Sandbox]:
    if kind == "socket":
        return SocketSandbox
    if find_spec("awslambdaric") is None:
        raise ConfigError("sandbox 'runtime' needs the package awslambdaric (Linux only): use 'socket'")
    return RuntimeSandbox


def _keys(credentials: Credentials | None) -> dict[str, str]:
    """Return the environment variables from which an SDK takes the credentials."""
    if credentials is None:
        return {}
    return {"AWS_ACCESS_KEY_ID": credentials.key_id, "AWS_SECRET_ACCESS_KEY": credentials.secret}
