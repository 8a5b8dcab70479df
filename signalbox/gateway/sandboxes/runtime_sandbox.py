"""Sandboxes with AWS's own runtime client `awslambdaric`, as on Lambda. It exists for Linux only."""

from .child import ChildProcess
from .output import Sink, write_line
from .process_sandbox import ProcessSandbox
from .runtime_api import RuntimeApi
from .sandbox import Function, Result


class RuntimeSandbox(ProcessSandbox):
    """A process with AWS's runtime client, which polls a Runtime API of its own."""

    def __init__(self, name: str, function: Function, sink: Sink = write_line) -> None:
        super().__init__(name, function, sink)
        self._api = RuntimeApi(self._load, self._take)

    async def _launch(self) -> ChildProcess:
        address = await self._api.open()
        return await self._spawn("awslambdaric", self._handler, AWS_LAMBDA_RUNTIME_API=address)

    def _deliver(self, event: bytes, headers: dict[str, str]) -> None:
        self._api.deliver(event, headers)

    async def _drain(self) -> None:
        await self._api.drained()

    async def _disconnect(self) -> None:
        await self._api.close()

    def _take(self, request_id: str, result: Result) -> None:
        if request_id == self._request_id:
            self._settle(result)
