"""The local gateway as people run it: functions of this machine behind it, in sandboxes."""

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
    """Stages of WebSocket APIs with functions of this machine behind them. An async context manager.

    A function has sandboxes of its own in each stage, where it is told of that stage's `@connections`; as an
    authorizer it never runs in this process. What its code does wrong shows when it is first invoked, as it
    does on AWS. Raises ConfigError for a handler Lambda would not accept, PortTakenError on entry.
    """

    def __init__(self, *stages: Stage[Function], faults: "FaultPlan | None" = None) -> None:
        self._pools: list[SandboxPool] = []
        self._init_errors: dict[str, str] = {}
        self._task_roots: set[Path] = set()
        self._watching: asyncio.Task[None] | None = None
        behind_routes = {(stage.config.path, to.name) for stage in stages for to in stage.routes.values()}
        if stages[0].config.in_process and len(behind_routes) > 1:
            raise ConfigError(f"one function can run in the gateway's process, not {len(behind_routes)}")
        if stages[0].config.in_process and faults and faults.kills:
            raise ConfigError("a sandbox in the gateway's process cannot be killed")
        super().__init__(*map(self._bind_functions, stages), faults=faults)

    async def __aenter__(self) -> Self:
        """Begin to listen; sandboxes start with the first events."""
        await super().__aenter__()
        if self._config.reload:
            self._watching = asyncio.create_task(watch(self._task_roots, self._restart_sandboxes))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections, then end the sandboxes."""
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
        """Give sandboxes to a function that is behind no route; whoever calls the result invokes it."""
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
        judges = self._pool("authorizer", config, stage.authorizer, in_process=False)
        return Stage(config, routes, judges.invoke)

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
        """The address on this machine of an API of ours that a template tells a function of."""
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
    """One stage in front of `handler`, a "module.function" found from the configured task root.

    The authorizer, if there is one, is found there too. An async context manager. Raises ConfigError for a
    handler of another form, PortTakenError on entry.
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
    """The variables in which an SDK looks for what `@connections` wants to see signed."""
    if credentials is None:
        return {}
    return {"AWS_ACCESS_KEY_ID": credentials.key_id, "AWS_SECRET_ACCESS_KEY": credentials.secret}
