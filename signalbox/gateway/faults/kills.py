"""Kills sandboxes after a number of calls to AWS. Proxies in front of their endpoints count the calls."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import cast

from ..sandboxes.sandbox import Failure, Function, MakeSandbox, Result, Sandbox
from .decisions import FaultSelector
from .plan import Kill
from .proxy import Proxy

_ENDPOINT = "AWS_ENDPOINT_URL"


class KillSwitch:
    """Counts the `calls` of every sandbox by name, and decides when one is killed."""

    def __init__(self, kills: Sequence[Kill], selector: FaultSelector) -> None:
        self.calls: Counter[str] = Counter()
        self._kills = kills
        self._selector = selector

    def survives(self, name: str) -> bool:
        """Count a call that was answered. Return False when the sandbox must be killed now."""
        self.calls[name] += 1
        for kill in self._kills:
            if kill.call == self.calls[name] and self._selector.injected[kill] < kill.times:
                self._selector.record(kill, name)
                return False
        return True


class CountedSandbox:
    """A sandbox that reaches AWS through proxies, and is killed when the kill switch says so."""

    def __init__(self, name: str, function: Function, make: MakeSandbox, kill_switch: KillSwitch) -> None:
        self._name = name
        self._function = function
        self._make = make
        self._kill_switch = kill_switch
        self._proxies: list[Proxy] = []
        self._opening: asyncio.Task[Sandbox] | None = None
        self._sandbox: Sandbox | None = None

    @property
    def name(self) -> str:
        """The prefix of its lines of output."""
        return self._name

    @property
    def pid(self) -> int | None:
        """The process that runs the function, or None before `start`."""
        return self._sandbox.pid if self._sandbox else None

    @property
    def alive(self) -> bool:
        """Whether the sandbox can take another invocation."""
        return self._sandbox is not None and self._sandbox.alive

    async def start(self) -> Failure | None:
        """Open the proxies, then load the function."""
        self._opening = asyncio.create_task(self._open())
        # Event loops leak sockets when this is cancelled half way. `stop` waits for it instead.
        sandbox = await asyncio.shield(self._opening)
        return await sandbox.start()

    def invoke(self, event: bytes, request_id: str, timeout: float) -> asyncio.Future[Result]:
        """Begin to run the function once. The process is killed after `timeout` seconds."""
        return cast("Sandbox", self._sandbox).invoke(event, request_id, timeout)

    async def stop(self) -> None:
        """Stop the sandbox, then close its proxies."""
        if self._opening is not None:
            await asyncio.wait({self._opening})
        if self._sandbox is not None:
            await self._sandbox.stop()
        for proxy in self._proxies:
            await proxy.close()

    async def _open(self) -> Sandbox:
        environment = dict(self._function.environment)
        for variable in [name for name in environment if name.startswith(_ENDPOINT)]:
            if not environment[variable].startswith("http:"):
                continue
            proxy = Proxy(environment[variable], self._survives)
            environment[variable] = await proxy.open()
            self._proxies.append(proxy)
        self._sandbox = self._make(self._name, replace(self._function, environment=environment))
        return self._sandbox

    def _survives(self) -> bool:
        survives = self._kill_switch.survives(self._name)
        if not survives and self.pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        return survives
