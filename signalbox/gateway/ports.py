"""The places of a gateway where a fault plan can step in. Without one, everything passes as it is."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from .http.server import Respond
from .sandboxes.sandbox import Function, Sandbox
from .sockets.connections import Connections
from .sockets.integration import Invoke

if TYPE_CHECKING:
    from .faults.plan import FaultPlan

MakeSandbox = Callable[[str, Function], Sandbox]
"""Makes a sandbox of a name and what it runs."""


class Ports:
    """What a gateway is put together from. `now` is its clock in epoch milliseconds."""

    clock_rate = 1.0
    """How many seconds pass on that clock in one of the wall's."""

    def __init__(self, now: Callable[[], int]) -> None:
        self.now = now

    def connections(self) -> Connections:
        """The register of the open connections of one stage."""
        return Connections()

    def invoke(self, invoke: Invoke) -> Invoke:
        """The way of events to a function."""
        return invoke

    def respond(self, respond: Respond) -> Respond:
        """What answers the requests that are no handshakes."""
        return respond

    def sandbox(self, make: MakeSandbox) -> MakeSandbox:
        """What makes the sandboxes."""
        return make

    async def close(self) -> None:
        """Give up on what is still on its way."""


def open_ports(plan: "FaultPlan | None", now: Callable[[], int]) -> Ports:
    """The ports of a gateway, those of a plan if there is one."""
    if plan is None:
        return Ports(now)
    from .faults.ports import FaultyPorts

    return FaultyPorts(plan, now)
