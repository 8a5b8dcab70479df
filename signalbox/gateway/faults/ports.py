"""A fault plan at work: the ports of a gateway, and in each of them what the plan says."""

import asyncio
import json
import math
import re
from collections import Counter
from collections.abc import Callable
from urllib.parse import unquote

from ..config import Throttle
from ..http.server import Request, Respond, Response
from ..ports import MakeSandbox, Ports
from ..sandboxes.sandbox import Answer, Result
from ..sockets.connections import Connection, Connections
from ..sockets.integration import Invoke
from ..sockets.throttling import Bucket
from .decisions import Fates, Wait
from .plan import AnyFault, FaultPlan, Hang, Refuse, Stall
from .proxy import CountedSandbox, Executioner
from .traffic import Traffic

_CALLED = re.compile(r".*/@connections/([^/]+)")
_ERROR_TYPES = {410: "GoneException", 429: "LimitExceededException"}
_UNHEARD = Answer(b'{"statusCode":200}')


class FaultyPorts(Ports):
    """The ports of one gateway under a plan; `now` is the clock the plan's own is made from."""

    def __init__(self, plan: FaultPlan, now: Callable[[], int]) -> None:
        began = now()
        super().__init__(lambda: began + int((now() - began) * plan.clock_rate))
        self.clock_rate = plan.clock_rate
        self._fates = Fates(plan)
        self._traffic = Traffic(plan.clock_rate)
        self._throttles = [
            (fault, Bucket(fault, self.now)) for fault in plan.faults if isinstance(fault, Throttle)
        ]
        self._has_kills = bool(plan.kills)
        self._executioner = Executioner(plan.kills, self._fates)

    @property
    def befallen(self) -> Counter[AnyFault]:
        """How often each fault of the plan has come true."""
        return self._fates.befallen

    @property
    def calls(self) -> Counter[str]:
        """The calls to AWS that were answered, by the name of the sandbox; counted if there is a `Kill`."""
        return self._executioner.calls

    def connections(self) -> Connections:
        """A register whose posts travel as the plan says."""
        return _FaultyConnections(self._fates, self._traffic)

    def invoke(self, invoke: Invoke) -> Invoke:
        """A way for events on which they are dropped, delayed, doubled and shuffled."""

        async def travel(event: bytes, invocation_id: str) -> Result:
            context = json.loads(event)["requestContext"]
            self._fates.number(context["connectionId"])
            journey = self._fates.journey(context["eventType"].lower(), context["connectionId"])

            async def arrive(delay: float) -> Result:
                await self._traffic.travel(delay, journey.waits)
                return await invoke(event, invocation_id)

            for delay in journey.delays[1:]:
                self._traffic.send(arrive(delay))
            return await arrive(journey.delays[0]) if journey.delays else _UNHEARD

        return travel

    def respond(self, respond: Respond) -> Respond:
        """Answers that are refused, late for ever, or lost."""

        async def answer(request: Request) -> Response:
            called = _CALLED.fullmatch(unquote(request.target.partition("?")[0]))
            return await (self._call(request, called[1], respond) if called else respond(request))

        return answer

    def sandbox(self, make: MakeSandbox) -> MakeSandbox:
        """Sandboxes that are killed after so many calls."""
        if not self._has_kills:
            return make
        return lambda name, function: CountedSandbox(name, function, make, self._executioner)

    async def close(self) -> None:
        """Give up on what is still on its way."""
        await self._traffic.close()

    async def _call(self, request: Request, connection_id: str, respond: Respond) -> Response:
        for throttle, bucket in self._throttles:
            if not bucket.take():
                self._fates.note(throttle, connection_id)
                return _error(429)
        for _, fault, _ in self._fates.befalling("call", connection_id):
            if isinstance(fault, Refuse | Hang) and fault.delivered:
                await respond(request)
            if isinstance(fault, Refuse):
                return _error(fault.status)
            await asyncio.get_running_loop().create_future()
        return await respond(request)


class _FaultyConnections(Connections):
    def __init__(self, fates: Fates, traffic: Traffic) -> None:
        super().__init__()
        self._fates = fates
        self._traffic = traffic

    def add(self, connection: Connection) -> None:
        self._fates.number(connection.id)
        connection.socket = _FaultySocket(connection, self._fates, self._traffic)
        super().add(connection)


class _FaultySocket:
    def __init__(self, connection: Connection, fates: Fates, traffic: Traffic) -> None:
        self._socket = connection.socket
        self._connection_id = connection.id
        self._fates = fates
        self._traffic = traffic
        stalls = [
            fault for _, fault, _ in fates.befalling("client", connection.id) if isinstance(fault, Stall)
        ]
        self._appetite = min((stall.after for stall in stalls), default=math.inf)

    @property
    def is_open(self) -> bool:
        return self._socket.is_open

    def push(self, frame: bytes) -> bool:
        if self._appetite <= 0:
            return False
        self._appetite -= 1
        journey = self._fates.journey("post", self._connection_id)
        sent = True
        for delay in journey.delays:
            if delay or journey.waits:
                self._traffic.send(self._arrive(frame, delay, journey.waits))
            else:
                sent = self._socket.push(frame)
        return sent

    def reply(self, frame: bytes) -> bool:
        return self._appetite > 0 and self._socket.reply(frame)

    def hang_up(self, code: int, reason: str = "") -> None:
        self._socket.hang_up(code, reason)

    async def _arrive(self, frame: bytes, delay: float, waits: tuple[Wait, ...]) -> None:
        await self._traffic.travel(delay, waits)
        # Nobody is told any more when it does not arrive.
        self._socket.push(frame)


def _error(status: int) -> Response:
    kind = _ERROR_TYPES.get(status)
    return Response(status, headers=(("x-amzn-ErrorType", kind),) if kind else ())
