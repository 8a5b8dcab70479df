"""The places where a fault plan changes what a gateway does. The default hooks change nothing."""

from collections.abc import Callable

from .http.server import Respond
from .sandboxes.sandbox import MakeSandbox
from .sockets.connections import Connections
from .sockets.integration import Invoke


class Hooks:
    """Create the parts of a gateway, unchanged. `now` is its clock in epoch milliseconds."""

    clock_rate = 1.0
    """Seconds that pass on that clock in one second of the wall clock."""

    def __init__(self, now: Callable[[], int]) -> None:
        self.now = now

    def connections(self) -> Connections:
        """Create the register of the open connections of one stage."""
        return Connections()

    def invoke(self, invoke: Invoke) -> Invoke:
        """Wrap the call that takes events to a function."""
        return invoke

    def respond(self, respond: Respond) -> Respond:
        """Wrap the function that answers plain HTTP requests."""
        return respond

    def sandbox(self, make: MakeSandbox) -> MakeSandbox:
        """Wrap the function that creates sandboxes."""
        return make

    async def close(self) -> None:
        """Cancel everything that is still delayed."""
