"""The hooks of a gateway with a fault plan. Each hook injects the faults of its kind."""

import asyncio
import json
import math
import re
from collections import Counter
from collections.abc import Callable
from urllib.parse import unquote

from ..config import Throttle
from ..hooks import Hooks
from ..http.server import Request, Respond, Response
from ..sandboxes.sandbox import Answer, MakeSandbox, Result
from ..sockets.connections import Connection, Connections
from ..sockets.integration import Invoke
from ..sockets.rate_limit import TokenBucket
from .decisions import FaultSelector, Reordering
from .kills import CountedSandbox, KillSwitch
from .network import SimulatedNetwork
from .plan import AnyFault, FaultPlan, Hang, Refuse, Stall

_CALL_PATH = re.compile(r".*/@connections/([^/]+)")
_ERROR_TYPES = {410: "GoneException", 429: "LimitExceededException"}
_DROPPED = Answer(b'{"statusCode":200}')


class FaultHooks(Hooks):
    """The hooks of one gateway with a plan. The clock of the plan is derived from `now`."""

    def __init__(self, plan: FaultPlan, now: Callable[[], int]) -> None:
        began = now()
        super().__init__(lambda: began + int((now() - began) * plan.clock_rate))
        self.clock_rate = plan.clock_rate
        self._selector = FaultSelector(plan)
        self._network = SimulatedNetwork(plan.clock_rate)
        self._throttles = [
            (fault, TokenBucket(fault, self.now)) for fault in plan.faults if isinstance(fault, Throttle)
        ]
        self._has_kills = bool(plan.kills)
        self._kill_switch = KillSwitch(plan.kills, self._selector)

    @property
    def injected(self) -> Counter[AnyFault]:
        """How often each fault of the plan was injected."""
        return self._selector.injected

    @property
    def calls(self) -> Counter[str]:
        """Calls to AWS that were answered, by sandbox name. Empty without a `Kill` in the plan."""
        return self._kill_switch.calls

    def connections(self) -> Connections:
        """Create a register whose posts go through the simulated network."""
        return _FaultyConnections(self._selector, self._network)

    def invoke(self, invoke: Invoke) -> Invoke:
        """Drop, delay, duplicate and shuffle events on their way to a function."""

        async def transmit(event: bytes, invocation_id: str) -> Result:
            context = json.loads(event)["requestContext"]
            self._selector.number(context["connectionId"])
            transmission = self._selector.transmission(context["eventType"].lower(), context["connectionId"])

            async def arrive(delay: float) -> Result:
                await self._network.transmit(delay, transmission.reorderings)
                return await invoke(event, invocation_id)

            for delay in transmission.delays[1:]:
                self._network.start(arrive(delay))
            return await arrive(transmission.delays[0]) if transmission.delays else _DROPPED

        return transmit

    def respond(self, respond: Respond) -> Respond:
        """Refuse calls of `@connections`, or leave them without an answer."""

        async def answer(request: Request) -> Response:
            called = _CALL_PATH.fullmatch(unquote(request.target.partition("?")[0]))
            return await (self._call(request, called[1], respond) if called else respond(request))

        return answer

    def sandbox(self, make: MakeSandbox) -> MakeSandbox:
        """Create sandboxes that are killed after a number of calls to AWS."""
        if not self._has_kills:
            return make
        return lambda name, function: CountedSandbox(name, function, make, self._kill_switch)

    async def close(self) -> None:
        """Cancel everything that is still delayed."""
        await self._network.close()

    async def _call(self, request: Request, connection_id: str, respond: Respond) -> Response:
        for throttle, bucket in self._throttles:
            if not bucket.take():
                self._selector.record(throttle, connection_id)
                return _error(429)
        for _, fault, _ in self._selector.select("call", connection_id):
            if isinstance(fault, Refuse | Hang) and fault.delivered:
                await respond(request)
            if isinstance(fault, Refuse):
                return _error(fault.status)
            await asyncio.get_running_loop().create_future()
        return await respond(request)


class _FaultyConnections(Connections):
    def __init__(self, selector: FaultSelector, network: SimulatedNetwork) -> None:
        super().__init__()
        self._selector = selector
        self._network = network

    def add(self, connection: Connection) -> None:
        self._selector.number(connection.id)
        connection.socket = _FaultySocket(connection, self._selector, self._network)
        super().add(connection)


class _FaultySocket:
    def __init__(self, connection: Connection, selector: FaultSelector, network: SimulatedNetwork) -> None:
        self._socket = connection.socket
        self._connection_id = connection.id
        self._selector = selector
        self._network = network
        stalls = [
            fault for _, fault, _ in selector.select("client", connection.id) if isinstance(fault, Stall)
        ]
        self._reads_left = min((stall.after for stall in stalls), default=math.inf)

    @property
    def is_open(self) -> bool:
        return self._socket.is_open

    def push(self, frame: bytes) -> bool:
        if self._reads_left <= 0:
            return False
        self._reads_left -= 1
        transmission = self._selector.transmission("post", self._connection_id)
        sent = True
        for delay in transmission.delays:
            if delay or transmission.reorderings:
                self._network.start(self._arrive(frame, delay, transmission.reorderings))
            else:
                sent = self._socket.push(frame)
        return sent

    def reply(self, frame: bytes) -> bool:
        return self._reads_left > 0 and self._socket.reply(frame)

    def start_close(self, code: int, reason: str = "") -> None:
        self._socket.start_close(code, reason)

    async def _arrive(self, frame: bytes, delay: float, reorderings: tuple[Reordering, ...]) -> None:
        await self._network.transmit(delay, reorderings)
        # The post was answered long ago, so a full buffer can no longer be reported.
        self._socket.push(frame)


def _error(status: int) -> Response:
    kind = _ERROR_TYPES.get(status)
    return Response(status, headers=(("x-amzn-ErrorType", kind),) if kind else ())
